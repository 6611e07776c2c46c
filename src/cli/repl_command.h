#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace axllama::cli {

/// A line that begins with a slash, split into words: "/set parameter top_k 5" -> {"set", {"parameter",
/// "top_k", "5"}}. `rest` is what follows the first argument as typed, for texts with blanks ("/set system
/// You are ...").
struct ReplCommand {
  std::string name;
  std::vector<std::string> arguments;
  std::string rest;
};

/// True for lines that are commands ("/set", "/?"); a path such as "/home/x.png and" is not one.
bool is_repl_command(std::string_view line) noexcept;
ReplCommand parse_repl_command(std::string_view line);

/// Gathers lines into one message: text between two """ may span lines, and so may a system message,
/// `/set system """...`.
class MessageReader {
 public:
  /// Takes a line; true when a message is complete (then take() gives it).
  bool push(std::string_view line);
  bool continuing() const noexcept { return continuing_; }
  std::string take();
  void reset();

 private:
  std::string text_;
  bool continuing_ = false;
};

}  // namespace axllama::cli
