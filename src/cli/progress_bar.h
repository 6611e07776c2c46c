#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace axllama::cli {

/// One line on standard error that shows how far a long piece of work is: a bar on a terminal, a line at
/// every tenth elsewhere, nothing at all when the work ends within 300 ms. Not thread-safe.
class ProgressBar {
 public:
  explicit ProgressBar(std::string label);
  ~ProgressBar();  // erases the bar
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void update(std::uint64_t done, std::uint64_t total);
  void label(std::string text) { label_ = std::move(text); }

 private:
  void draw(std::uint64_t done, std::uint64_t total);

  std::string label_;
  std::chrono::steady_clock::time_point begin_;
  std::chrono::steady_clock::time_point drawn_;
  std::uint64_t last_tenth_ = 0;
  bool visible_ = false;
};

}  // namespace axllama::cli
