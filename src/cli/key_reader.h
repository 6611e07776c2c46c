#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace axllama::cli {

/// A key, or a text that was pasted.
struct Key {
  enum class Kind {
    kText,     // `text`: a character, or all that was pasted
    kControl,  // `text`: the letter pressed with Ctrl, in lower case
    kAlt,      // `text`: the character pressed with Alt
    kEnter,
    kNewline,  // Ctrl+J
    kTab,
    kBackspace,
    kDelete,
    kLeft,
    kRight,
    kWordLeft,
    kWordRight,
    kUp,
    kDown,
    kHome,
    kEnd,
    kEscape,
    kUnknown,
  };
  Kind kind = Kind::kUnknown;
  std::string text;

  bool operator==(const Key&) const = default;
};

/// Puts the bytes that a terminal sends together to keys.
class KeyReader {
 public:
  static constexpr std::size_t kMostPasted = 1024 * 1024;  // bytes; what is beyond is not taken

  /// The key that ends with this byte, if one does.
  std::optional<Key> push(char byte);
  /// Whether the bytes so far may be a key of their own or the beginning of another: without a byte soon
  /// after, take it from flush().
  bool undecided() const noexcept { return state_ == State::kEscape; }
  Key flush();

 private:
  enum class State { kPlain, kCharacter, kEscape, kSequence, kSingleShift, kPaste };

  Key plain(char byte);
  Key sequence_key();
  std::optional<Key> paste(char byte);

  State state_ = State::kPlain;
  std::string bytes_;  // of the key so far
};

}  // namespace axllama::cli
