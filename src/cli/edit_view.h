#pragma once

#include <cstddef>
#include <string>

#include "cli/edit_buffer.h"

namespace axllama::cli {

/// Draws a text that is being typed, over as many rows of the terminal as it takes.
class EditView {
 public:
  struct Frame {
    std::string prompt = {};
    std::string continuation = {};  // in front of further lines
    std::string placeholder = {};   // in grey, in place of an empty text
    std::size_t width = 80;         // columns
  };

  /// What to send to the terminal: the frame in place of the one before, with the cursor where it belongs.
  std::string draw(const Frame& frame, const EditBuffer& buffer);
  /// The cursor goes to the row below; the next draw() begins there.
  std::string leave(const Frame& frame, const EditBuffer& buffer);
  /// The next draw() begins at the cursor.
  void reset() noexcept { cursor_row_ = 0; }

 private:
  std::size_t cursor_row_ = 0;  // counted from the first row of what is drawn
};

}  // namespace axllama::cli
