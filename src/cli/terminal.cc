#include "cli/terminal.h"

#include <cstdio>
#include <cstdlib>
#include <cwchar>

#include <sys/ioctl.h>
#include <unistd.h>

namespace axllama::cli {
namespace {

constexpr std::size_t kDefaultWidth = 80;

std::size_t utf8_length(char lead) noexcept {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte < 0x80) return 1;
  if (byte >= 0xF0) return 4;
  if (byte >= 0xE0) return 3;
  return byte >= 0xC0 ? 2 : 1;
}

char32_t decode(std::string_view character) noexcept {
  const auto lead = static_cast<unsigned char>(character.front());
  char32_t code = character.size() == 1 ? lead : lead & (0x7FU >> character.size());
  for (const char next : character.substr(1))
    code = (code << 6U) | (static_cast<unsigned char>(next) & 0x3FU);
  return code;
}

std::size_t width_of(int file) noexcept {
  winsize size{};
  if (::ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return kDefaultWidth;
}

}  // namespace

bool stdin_is_terminal() noexcept {
  return ::isatty(STDIN_FILENO) == 1;
}

bool stdout_is_terminal() noexcept {
  return ::isatty(STDOUT_FILENO) == 1;
}

bool stderr_is_terminal() noexcept {
  return ::isatty(STDERR_FILENO) == 1;
}

std::size_t terminal_width() noexcept {
  return width_of(STDOUT_FILENO);
}

std::size_t stderr_width() noexcept {
  return width_of(STDERR_FILENO);
}

void redraw_line(const std::string& text) {
  std::fprintf(stderr, "\r\x1b[K%s", text.c_str());
  std::fflush(stderr);
}

bool colours_allowed() noexcept {
  const char* no_color = std::getenv("NO_COLOR");
  return stdout_is_terminal() && (no_color == nullptr || *no_color == '\0');
}

std::size_t display_columns(std::string_view utf8_character) noexcept {
  if (utf8_character.empty()) return 0;
  const int columns = ::wcwidth(static_cast<wchar_t>(decode(utf8_character)));
  return columns < 0 ? 1 : static_cast<std::size_t>(columns);
}

std::string WordWrap::push(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view character = text.substr(0, utf8_length(text.front()));
    text.remove_prefix(character.size());
    const std::size_t columns = display_columns(character);
    if (character == "\n") {
      column_ = word_columns_ = 0;
      word_.clear();
      out += '\n';
      continue;
    }
    if (column_ + columns > width_) {
      if (character == " ") {  // the line is full: the space becomes the break
        out += '\n';
        column_ = word_columns_ = 0;
        word_.clear();
        continue;
      }
      const bool movable = word_columns_ > 0 && word_columns_ < column_;
      if (movable) {
        out += "\x1b[" + std::to_string(word_columns_) + "D\x1b[K\n" + word_;
        column_ = word_columns_;
      } else {  // a word longer than the line is broken where it stands
        out += '\n';
        column_ = word_columns_ = 0;
        word_.clear();
      }
    }
    out += character;
    column_ += columns;
    if (character == " ") {
      word_.clear();
      word_columns_ = 0;
    } else {
      word_ += character;
      word_columns_ += columns;
    }
  }
  return out;
}

}  // namespace axllama::cli
