#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace axllama::cli {

bool stdin_is_terminal() noexcept;
bool stdout_is_terminal() noexcept;
bool stderr_is_terminal() noexcept;

/// Columns of the terminal on standard output; 80 when it is none.
std::size_t terminal_width() noexcept;

/// The same of the terminal on standard error.
std::size_t stderr_width() noexcept;

/// Writes `text` over the line on standard error, a terminal, that the cursor is in, and stays in it.
void redraw_line(const std::string& text);

/// Whether colours and cursor movement may be used on standard output (a terminal, and NO_COLOR unset).
bool colours_allowed() noexcept;

/// Breaks a streamed text at word ends so that no line is longer than `width` columns. Text comes in pieces
/// of any size; a word that turns out too long for the line is moved to the next one by erasing it on the
/// terminal (ANSI).
class WordWrap {
 public:
  explicit WordWrap(std::size_t width) : width_(width) {}
  /// What to print for this piece.
  std::string push(std::string_view text);

 private:
  std::size_t width_;
  std::size_t column_ = 0;
  std::string word_;  // the word at the end of the line, as printed so far
  std::size_t word_columns_ = 0;
};

/// Columns one UTF-8 sequence takes on a terminal: 0 for combining marks and continuation bytes, 2 for wide
/// characters.
std::size_t display_columns(std::string_view utf8_character) noexcept;

}  // namespace axllama::cli
