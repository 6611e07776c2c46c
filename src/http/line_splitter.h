#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace axllama::http {

/// Puts the lines of a stream together, whatever pieces it comes in. Empty lines are left out.
class LineSplitter {
 public:
  static constexpr std::size_t kMostLineBytes = 64UL * 1024 * 1024;

  /// `on_line` gets each line without its end; false: nothing more is wanted.
  explicit LineSplitter(std::function<bool(std::string_view)> on_line) : on_line_(std::move(on_line)) {}

  /// False when on_line said so; nothing may be pushed then. Throws Error (kInvalidArgument) when a line gets
  /// too long.
  bool push(std::string_view bytes);
  /// The stream is over: what is left is a line, too.
  bool finish();

 private:
  bool take(std::string_view line) const;

  std::function<bool(std::string_view)> on_line_;
  std::string line_;  // that has not ended yet
};

}  // namespace axllama::http
