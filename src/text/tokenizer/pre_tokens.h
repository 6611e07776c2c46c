#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace axllama::text {

/// A part of a text: bytes `begin` up to `end`.
struct Span {
  std::size_t begin;
  std::size_t end;
};

/// A text on its way to the BPE model, and the pieces it is cut into, in order. No piece is empty. Pieces may
/// leave out parts of the text. The text is valid UTF-8 and pieces end between characters.
struct PreTokens {
  std::string text;
  std::vector<Span> pieces;
  bool at_start = false;  // the first piece begins where the input began
};

}  // namespace axllama::text
