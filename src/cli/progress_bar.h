#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace axllama::cli {

/// One line on standard error that shows how far a long piece of work is: a bar on a terminal, a line at
/// every tenth elsewhere, nothing at all when the work ends within 300 ms. Not thread-safe.
class ProgressBar {
 public:
  /// `counted`: what is counted ("layers"); nothing for bytes.
  ProgressBar(std::string label, std::string counted);
  ~ProgressBar();  // erases the bar
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void update(std::uint64_t done, std::uint64_t total);

 private:
  void draw(std::uint64_t done, std::uint64_t total);

  std::string label_;
  std::string counted_;
  std::chrono::steady_clock::time_point begin_;
  std::optional<std::uint64_t> begun_;  // done at the first update
  std::chrono::steady_clock::time_point drawn_;
  std::uint64_t last_tenth_ = 0;
  bool visible_ = false;
};

}  // namespace axllama::cli
