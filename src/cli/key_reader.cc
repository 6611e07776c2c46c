#include "cli/key_reader.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/utf8.h"

namespace axllama::cli {
namespace {

using Kind = Key::Kind;

constexpr char kEscapeByte = '\x1b';
constexpr std::string_view kPasteEnd = "\x1b[201~";
constexpr std::size_t kLongestSequence = 32;

struct Sequence {
  std::string_view bytes;  // behind "ESC [" or "ESC O"
  Kind kind;
};

constexpr std::array kSequences{
    Sequence{"A", Kind::kUp},           Sequence{"B", Kind::kDown},        Sequence{"C", Kind::kRight},
    Sequence{"D", Kind::kLeft},         Sequence{"H", Kind::kHome},        Sequence{"F", Kind::kEnd},
    Sequence{"1~", Kind::kHome},        Sequence{"7~", Kind::kHome},       Sequence{"4~", Kind::kEnd},
    Sequence{"8~", Kind::kEnd},         Sequence{"3~", Kind::kDelete},     Sequence{"1;5C", Kind::kWordRight},
    Sequence{"1;3C", Kind::kWordRight}, Sequence{"1;5D", Kind::kWordLeft}, Sequence{"1;3D", Kind::kWordLeft},
};

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

std::size_t sequence_length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte >= 0xF0) return 4;
  return byte >= 0xE0 ? 3 : 2;
}

}  // namespace

Key KeyReader::plain(char byte) {
  const auto code = static_cast<unsigned char>(byte);
  switch (byte) {
    case '\r':
      return {Kind::kEnter, {}};
    case '\n':
      return {Kind::kNewline, {}};
    case '\t':
      return {Kind::kTab, {}};
    case '\b':
    case '\x7f':
      return {Kind::kBackspace, {}};
    default:
      break;
  }
  if (code < 0x20) return {Kind::kControl, std::string(1, static_cast<char>(code + 'a' - 1))};
  return {Kind::kText, std::string(1, byte)};
}

std::optional<Key> KeyReader::push(char byte) {
  switch (state_) {
    case State::kPlain:
      if (byte == kEscapeByte) {
        state_ = State::kEscape;
        return std::nullopt;
      }
      if (static_cast<unsigned char>(byte) >= 0x80) {
        bytes_ = byte;
        state_ = State::kCharacter;
        return std::nullopt;
      }
      return plain(byte);
    case State::kCharacter:
      if (!is_continuation(byte)) {  // the character is not complete: it is lost
        bytes_.clear();
        state_ = State::kPlain;
        return push(byte);
      }
      bytes_ += byte;
      if (bytes_.size() < sequence_length(bytes_.front())) return std::nullopt;
      state_ = State::kPlain;
      return Key{Kind::kText, base::to_valid_utf8(std::exchange(bytes_, {}))};
    case State::kEscape:
      bytes_.clear();
      if (byte == '[' || byte == 'O') {
        state_ = byte == '[' ? State::kSequence : State::kSingleShift;
        return std::nullopt;
      }
      if (byte == kEscapeByte) return Key{Kind::kEscape, {}};
      state_ = State::kPlain;
      if (byte == '\x7f' || byte == '\b') return Key{Kind::kControl, "w"};
      return Key{Kind::kAlt, std::string(1, byte)};
    case State::kSingleShift:
      bytes_ += byte;
      return sequence_key();
    case State::kSequence:
      bytes_ += byte;
      if (byte >= '@' && byte <= '~') return sequence_key();
      if (bytes_.size() < kLongestSequence) return std::nullopt;
      return sequence_key();
    case State::kPaste:
      return paste(byte);
  }
  return std::nullopt;
}

Key KeyReader::sequence_key() {
  state_ = State::kPlain;
  const std::string bytes = std::exchange(bytes_, {});
  if (bytes == "200~") {
    state_ = State::kPaste;
    return {};
  }
  const auto* found = std::find_if(kSequences.begin(), kSequences.end(),
                                   [&](const Sequence& sequence) { return sequence.bytes == bytes; });
  return found == kSequences.end() ? Key{} : Key{found->kind, {}};
}

std::optional<Key> KeyReader::paste(char byte) {
  bytes_ += byte;
  if (!bytes_.ends_with(kPasteEnd)) {
    // The end is looked for in what comes after the limit, too.
    if (bytes_.size() >= kMostPasted + kPasteEnd.size()) {
      bytes_.erase(kMostPasted, 1);
    }
    return std::nullopt;
  }
  state_ = State::kPlain;
  std::string text = std::exchange(bytes_, {});
  text.resize(text.size() - kPasteEnd.size());
  std::string lines;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') {
      lines += '\n';
      i += i + 1 < text.size() && text[i + 1] == '\n' ? 1U : 0U;
    } else {
      lines += text[i];
    }
  }
  return Key{Kind::kText, base::to_valid_utf8(lines)};
}

Key KeyReader::flush() {
  state_ = State::kPlain;
  return {Kind::kEscape, {}};
}

}  // namespace axllama::cli
