#include "text/tokenizer/byte_level.h"

#include <array>
#include <cstddef>

#include "base/utf8.h"

namespace axllama::text {
namespace {

constexpr char32_t kLetterLimit = 0x144;  // one past the last letter

struct Alphabet {
  std::array<char32_t, 256> letter_of{};
  std::array<std::int16_t, kLetterLimit> byte_of{};  // -1: no letter

  Alphabet() {
    byte_of.fill(-1);
    char32_t next = 0x100;
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xFF && byte != 0xAD);
      letter_of[byte] = printable ? static_cast<char32_t>(byte) : next++;
      byte_of[letter_of[byte]] = static_cast<std::int16_t>(byte);
    }
  }
};

const Alphabet& alphabet() {
  static const Alphabet instance;
  return instance;
}

}  // namespace

char32_t byte_level_letter(std::uint8_t byte) noexcept {
  return alphabet().letter_of[byte];
}

std::string to_byte_level(std::string_view bytes) {
  std::string token;
  token.reserve(bytes.size() * 2);
  for (const char byte : bytes) base::append_utf8(token, byte_level_letter(static_cast<std::uint8_t>(byte)));
  return token;
}

std::optional<std::string> from_byte_level(std::string_view token) {
  const Alphabet& table = alphabet();
  std::string bytes;
  bytes.reserve(token.size());
  for (std::size_t offset = 0; offset < token.size();) {
    const base::Utf8Character character = base::decode_utf8(token, offset);
    offset += character.length;
    if (character.code_point >= kLetterLimit || table.byte_of[character.code_point] < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(table.byte_of[character.code_point]));
  }
  return bytes;
}

}  // namespace axllama::text
