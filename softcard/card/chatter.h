#pragma once

#include <atomic>
#include <string>
#include <string_view>

namespace axllama::softcard {

/// Imitates the vendor's library, which logs to standard output: harmful to a program that owns its standard
/// output and does not quieten it. Off by default. Any thread.
class Chatter {
 public:
  static constexpr int kInfo = 2;
  static constexpr int kError = 4;
  static constexpr int kOff = 6;

  void set_enabled(bool enabled) noexcept { enabled_ = enabled; }
  /// 0 (everything) to 6 (nothing), as axclSetLogLevel has it.
  void set_level(int level) noexcept { level_ = level; }
  int level() const noexcept { return level_; }
  /// Takes the level from a file in the form axclInit accepts ({"log":{"host":{"level":"6"}}}), if it can be
  /// read.
  void read_level(const char* path);

  void say(int level, std::string_view text) const;

 private:
  std::atomic<bool> enabled_{false};
  std::atomic<int> level_{kInfo};
};

}  // namespace axllama::softcard
