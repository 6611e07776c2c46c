#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace axllama::softcard {

/// What a report is about. Rules are the binding rules of docs/softcard.md, 1 to 8; 0 is no rule.
struct Report {
  std::string kind{};  // "binding", "memory", "handle", "leak", "load", "execution",
                       // "context", "stream", "fault", "configuration"
  int rule = 0;
  std::string model{};
  std::string tensor{};
  std::int32_t group = -1;
  std::string text{};  // a sentence that says it all
};

/// The card's remarks on its user: kept for tests (the newest kKept of them), and printed on stderr, each
/// sentence at most a few times. Any thread.
class Reports {
 public:
  static constexpr std::size_t kKept = 1000;
  static constexpr std::uint64_t kPrintedPerSentence = 3;

  void add(Report report);
  void set_quiet(bool quiet) noexcept { quiet_ = quiet; }

  std::vector<Report> all() const;
  std::uint64_t count() const;
  /// The JSON array docs/softcard.md describes.
  std::string to_json() const;
  void clear();

 private:
  mutable std::mutex mutex_;
  std::deque<Report> reports_;
  std::map<std::string, std::uint64_t> printed_;
  std::uint64_t count_ = 0;
  std::atomic<bool> quiet_{false};
};

}  // namespace axllama::softcard
