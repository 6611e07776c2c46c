#include "base/utf8.h"

#include <algorithm>
#include <cstring>

namespace axllama::base {
namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;

std::uint8_t byte_at(std::string_view text, std::size_t offset) noexcept {
  return static_cast<std::uint8_t>(text[offset]);
}

/// Bytes a sequence with this first byte has; 0 when no well-formed sequence begins so.
std::size_t sequence_length(std::uint8_t lead) noexcept {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 0;
}

/// True when `second` may follow `lead` (The Unicode Standard, table 3-7).
bool valid_second(std::uint8_t lead, std::uint8_t second) noexcept {
  switch (lead) {
    case 0xE0:
      return second >= 0xA0 && second <= 0xBF;
    case 0xED:
      return second >= 0x80 && second <= 0x9F;
    case 0xF0:
      return second >= 0x90 && second <= 0xBF;
    case 0xF4:
      return second >= 0x80 && second <= 0x8F;
    default:
      return second >= 0x80 && second <= 0xBF;
  }
}

/// Bytes at `offset`, of those a sequence of `wanted` bytes has, that are well-formed so far; `wanted` >= 1.
std::size_t well_formed_prefix(std::string_view text, std::size_t offset, std::size_t wanted) noexcept {
  const std::size_t available = std::min(wanted, text.size() - offset);
  std::size_t length = 1;
  if (length < available && !valid_second(byte_at(text, offset), byte_at(text, offset + 1))) return length;
  while (length < available && (byte_at(text, offset + length) & 0xC0U) == 0x80U) ++length;
  return length;
}

/// First offset at or after `offset` whose byte is not ASCII, or text.size().
std::size_t skip_ascii(std::string_view text, std::size_t offset) noexcept {
  while (offset + sizeof(std::uint64_t) <= text.size()) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + offset, sizeof(word));
    if ((word & kHighBits) != 0) break;
    offset += sizeof(word);
  }
  while (offset < text.size() && byte_at(text, offset) < 0x80) ++offset;
  return offset;
}

}  // namespace

Utf8Character decode_utf8(std::string_view text, std::size_t offset) noexcept {
  const std::uint8_t lead = byte_at(text, offset);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t wanted = sequence_length(lead);
  if (wanted == 0) return {kReplacementCharacter, 1, false};
  const std::size_t found = well_formed_prefix(text, offset, wanted);
  if (found < wanted) return {kReplacementCharacter, static_cast<std::uint8_t>(found), false};
  std::uint32_t code_point = lead & (0xFFU >> (wanted + 1));
  for (std::size_t i = 1; i < wanted; ++i)
    code_point = (code_point << 6U) | (byte_at(text, offset + i) & 0x3FU);
  return {static_cast<char32_t>(code_point), static_cast<std::uint8_t>(wanted), true};
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto value = static_cast<std::uint32_t>(code_point);
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xC0U | (value >> 6U));
    put(0x80U | (value & 0x3FU));
  } else if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
    out += kReplacementUtf8;
  } else if (value < 0x10000) {
    put(0xE0U | (value >> 12U));
    put(0x80U | ((value >> 6U) & 0x3FU));
    put(0x80U | (value & 0x3FU));
  } else {
    put(0xF0U | (value >> 18U));
    put(0x80U | ((value >> 12U) & 0x3FU));
    put(0x80U | ((value >> 6U) & 0x3FU));
    put(0x80U | (value & 0x3FU));
  }
}

bool is_valid_utf8(std::string_view text) noexcept {
  std::size_t offset = skip_ascii(text, 0);
  while (offset < text.size()) {
    const Utf8Character character = decode_utf8(text, offset);
    if (!character.valid) return false;
    offset = skip_ascii(text, offset + character.length);
  }
  return true;
}

std::string to_valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t copied = 0;
  std::size_t offset = skip_ascii(text, 0);
  while (offset < text.size()) {
    const Utf8Character character = decode_utf8(text, offset);
    if (!character.valid) {
      out.append(text.substr(copied, offset - copied));
      out += kReplacementUtf8;
      copied = offset + character.length;
    }
    offset = skip_ascii(text, offset + character.length);
  }
  out.append(text.substr(copied));
  return out;
}

std::size_t incomplete_utf8_suffix(std::string_view text) noexcept {
  for (std::size_t length = 1; length <= std::min<std::size_t>(3, text.size()); ++length) {
    const std::size_t offset = text.size() - length;
    const std::uint8_t byte = byte_at(text, offset);
    if ((byte & 0xC0U) == 0x80U) continue;
    const std::size_t wanted = sequence_length(byte);
    return wanted > length && well_formed_prefix(text, offset, wanted) == length ? length : 0;
  }
  return 0;
}

std::size_t utf8_length(std::string_view text) noexcept {
  std::size_t count = 0;
  for (std::size_t offset = 0; offset < text.size(); ++count) offset += decode_utf8(text, offset).length;
  return count;
}

}  // namespace axllama::base
