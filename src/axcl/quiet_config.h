#pragma once

#include <filesystem>

namespace axllama::axcl {

/// Level at which the runtime logs nothing; its log goes to stdout, which belongs to the program.
inline constexpr int kLogLevelOff = 6;

/// A private folder with a configuration file for axclInit that turns the runtime's logging off and points
/// its log file away from the shared place in /tmp, where another user's file makes the runtime fail. Removed
/// on destruction.
class QuietConfig {
 public:
  /// Leaves file() empty when no temporary folder can be made: quietness is a courtesy, not a condition.
  QuietConfig();
  ~QuietConfig();
  QuietConfig(const QuietConfig&) = delete;
  QuietConfig& operator=(const QuietConfig&) = delete;

  const std::filesystem::path& file() const noexcept { return file_; }

 private:
  std::filesystem::path folder_;
  std::filesystem::path file_;
};

}  // namespace axllama::axcl
