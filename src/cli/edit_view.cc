#include "cli/edit_view.h"

#include <optional>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "cli/terminal.h"

namespace axllama::cli {
namespace {

constexpr const char* kGrey = "\x1b[38;5;245m";
constexpr const char* kPlain = "\x1b[0m";

struct Place {
  std::size_t row = 0;
  std::size_t column = 0;
};

/// Writes characters and knows where they stand, so that the terminal never has to break a line itself.
class Pen {
 public:
  explicit Pen(std::size_t width) : width_(width) {}

  void put(std::string_view character) {
    const std::size_t columns = display_columns(character);
    make_room(columns);
    out_ += character;
    place_.column += columns;
  }
  void put_text(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t length = base::decode_utf8(text, at).length;
      put(text.substr(at, length));
      at += length;
    }
  }
  void break_line() {
    out_ += "\r\n";
    ++place_.row;
    place_.column = 0;
  }
  /// The next character, so wide, will stand where place() says.
  void make_room(std::size_t columns) {
    if (place_.column + columns > width_) break_line();
  }
  void raw(std::string_view bytes) { out_ += bytes; }

  Place place() const { return place_; }
  std::string take() { return std::move(out_); }

 private:
  std::size_t width_;
  std::string out_;
  Place place_;
};

/// What may be shown of it: controls in a pasted text must not reach the terminal.
std::string_view shown(const std::string& character) {
  const auto first = static_cast<unsigned char>(character.front());
  if (character == "\t") return " ";
  const bool is_c1 = first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
  return first < 0x20 || first == 0x7F || is_c1 ? "?" : std::string_view(character);
}

std::string up(std::size_t rows) {
  return rows == 0 ? std::string() : "\x1b[" + std::to_string(rows) + "A";
}

std::string right(std::size_t columns) {
  return columns == 0 ? std::string() : "\x1b[" + std::to_string(columns) + "C";
}

}  // namespace

std::string EditView::draw(const Frame& frame, const EditBuffer& buffer) {
  Pen pen(frame.width);
  pen.raw(up(cursor_row_) + "\r\x1b[J");
  pen.put_text(frame.prompt);
  std::optional<Place> cursor;
  if (buffer.empty() && !frame.placeholder.empty()) {
    cursor = pen.place();
    pen.raw(kGrey);
    pen.put_text(frame.placeholder);
    pen.raw(kPlain);
  }
  const auto& characters = buffer.characters();
  for (std::size_t i = 0; i < characters.size(); ++i) {
    const bool newline = characters[i] == "\n";
    pen.make_room(newline ? 1 : display_columns(shown(characters[i])));
    if (i == buffer.cursor()) cursor = pen.place();
    if (newline) {
      pen.break_line();
      pen.put_text(frame.continuation);
    } else {
      pen.put(shown(characters[i]));
    }
  }
  if (!cursor) {
    pen.make_room(1);
    cursor = pen.place();
  }
  pen.raw(up(pen.place().row - cursor->row) + "\r" + right(cursor->column));
  cursor_row_ = cursor->row;
  return pen.take();
}

std::string EditView::leave(const Frame& frame, const EditBuffer& buffer) {
  EditBuffer whole = buffer;
  whole.set(buffer.text());  // the cursor behind everything
  Frame plain = frame;
  plain.placeholder.clear();
  std::string out = draw(plain, whole) + "\r\n";
  reset();
  return out;
}

}  // namespace axllama::cli
