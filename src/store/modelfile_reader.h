#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace axllama::store {

/// Takes a Modelfile's text apart into commands and values. `text` must outlive it.
class ModelfileReader {
 public:
  explicit ModelfileReader(std::string_view text) : text_(text) {}

  /// The first word of the next line that is no comment, in lower case; empty at the end.
  std::optional<std::string> next_command();
  /// The next word of this line; empty at its end.
  std::string next_word();
  /// What is left of this line, without quotes; with """ at its beginning all up to the next """ at the end
  /// of a line. Throws Error (kInvalidArgument) when that is missing.
  std::string value();
  /// Of the command, from 1.
  std::size_t line() const noexcept { return line_; }

 private:
  void skip_blanks();
  std::string_view rest_of_line();
  void advance(std::size_t count);

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_at_ = 1;  // of at_
  std::size_t line_ = 1;
};

/// UTF-16 with a byte order mark becomes UTF-8; the mark of UTF-8 goes. Ill-formed parts become U+FFFD.
std::string modelfile_as_utf8(std::string_view bytes);

}  // namespace axllama::store
