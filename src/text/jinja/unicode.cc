#include "text/jinja/unicode.h"

#include <algorithm>
#include <iterator>

namespace axllama::text::jinja {
namespace {

struct FlagRun {
  char32_t first;  // flags hold from here to the next run
  std::uint16_t flags;
};
struct CaseRun {
  char32_t first;
  char32_t last;
  std::uint32_t stride;
  std::int32_t delta;
};
struct CaseSpecial {
  char32_t code;
  char32_t mapped[3];  // ends at the first 0
};

#include "text/jinja/unicode_tables.inc"

// The bits of FlagRun::flags, in the order of FLAGS in make_unicode_tables.py.
constexpr unsigned kAlpha = 1U << 0U;
constexpr unsigned kDecimal = 1U << 1U;
constexpr unsigned kDigit = 1U << 2U;
constexpr unsigned kNumeric = 1U << 3U;
constexpr unsigned kUpper = 1U << 4U;
constexpr unsigned kLower = 1U << 5U;
constexpr unsigned kTitle = 1U << 6U;
constexpr unsigned kSpace = 1U << 7U;
constexpr unsigned kPrintable = 1U << 8U;
constexpr unsigned kIdentifierStart = 1U << 9U;
constexpr unsigned kIdentifierPart = 1U << 10U;

unsigned flags_of(char32_t c) noexcept {
  const auto* run = std::upper_bound(std::begin(kFlagRuns), std::end(kFlagRuns), c,
                                     [](char32_t value, const FlagRun& r) { return value < r.first; });
  return run == std::begin(kFlagRuns) ? 0U : (run - 1)->flags;
}

bool has(char32_t c, unsigned flags) noexcept {
  return (flags_of(c) & flags) != 0;
}

template <std::size_t N>
char32_t map_simple(const CaseRun (&runs)[N], char32_t c) noexcept {
  const auto* run = std::upper_bound(std::begin(runs), std::end(runs), c,
                                     [](char32_t value, const CaseRun& r) { return value < r.first; });
  if (run == std::begin(runs)) {
    return c;
  }
  --run;
  if (c > run->last || (c - run->first) % run->stride != 0) {
    return c;
  }
  return static_cast<char32_t>(static_cast<std::int64_t>(c) + run->delta);
}

template <std::size_t N>
bool append_special(const CaseSpecial (&specials)[N], char32_t c, std::string& out) {
  const auto* special = std::lower_bound(std::begin(specials), std::end(specials), c,
                                         [](const CaseSpecial& s, char32_t value) { return s.code < value; });
  if (special == std::end(specials) || special->code != c) {
    return false;
  }
  for (const char32_t mapped : special->mapped) {
    if (mapped != 0) {
      append_code_point(out, mapped);
    }
  }
  return true;
}

void append_upper(std::string& out, char32_t c) {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c));
  } else if (!append_special(kUpperSpecials, c, out)) {
    append_code_point(out, map_simple(kUpperRuns, c));
  }
}

void append_lower(std::string& out, char32_t c) {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c));
  } else if (!append_special(kLowerSpecials, c, out)) {
    append_code_point(out, map_simple(kLowerRuns, c));
  }
}

void append_title(std::string& out, char32_t c) {
  if (!append_special(kTitleSpecials, c, out)) {
    append_upper(out, c);
  }
}

constexpr char32_t kCapitalSigma = 0x3A3;
constexpr char32_t kFinalSigma = 0x3C2;

/// A sigma that ends a word has a lower-case form of its own.
bool ends_word(std::string_view text, std::size_t offset, std::size_t bytes) noexcept {
  const bool cased_before = offset > 0 && is_cased(decode_code_point_before(text, offset).value);
  const std::size_t after = offset + bytes;
  const bool cased_after = after < text.size() && is_cased(decode_code_point(text, after).value);
  return cased_before && !cased_after;
}

void append_lower_in_context(std::string& out, std::string_view text, std::size_t offset, CodePoint c) {
  if (c.value == kCapitalSigma && ends_word(text, offset, c.bytes)) {
    append_code_point(out, kFinalSigma);
  } else {
    append_lower(out, c.value);
  }
}

}  // namespace

CodePoint decode_code_point(std::string_view text, std::size_t offset) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[offset + i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) {
    return {lead, 1};
  }
  const std::size_t length = lead >= 0xF0 ? 4 : (lead >= 0xE0 ? 3 : 2);
  const CodePoint stray{kStrayByte + lead, 1};
  if (lead < 0xC2 || lead > 0xF4 || text.size() - offset < length) {
    return stray;
  }
  auto value = static_cast<char32_t>(lead & (0xFFU >> (length + 1)));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) {
      return stray;
    }
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (overlong || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
    return stray;
  }
  return {value, length};
}

CodePoint decode_code_point_before(std::string_view text, std::size_t offset) noexcept {
  const std::size_t most = std::min<std::size_t>(offset, 4);
  for (std::size_t bytes = 1; bytes <= most; ++bytes) {
    if ((static_cast<std::uint8_t>(text[offset - bytes]) & 0xC0U) == 0x80U) {
      continue;
    }
    const CodePoint point = decode_code_point(text.substr(0, offset), offset - bytes);
    if (point.bytes == bytes) {
      return point;
    }
    break;
  }
  return {kStrayByte + static_cast<std::uint8_t>(text[offset - 1]), 1};
}

void append_code_point(std::string& out, char32_t value) {
  if (value >= kStrayByte + 0x80 && value <= kStrayByte + 0xFF) {
    out.push_back(static_cast<char>(value - kStrayByte));
  } else if (value < 0x80) {
    out.push_back(static_cast<char>(value));
  } else if (value < 0x800) {
    out.push_back(static_cast<char>(0xC0U | (value >> 6U)));
    out.push_back(static_cast<char>(0x80U | (value & 0x3FU)));
  } else if (value < 0x10000) {
    out.push_back(static_cast<char>(0xE0U | (value >> 12U)));
    out.push_back(static_cast<char>(0x80U | ((value >> 6U) & 0x3FU)));
    out.push_back(static_cast<char>(0x80U | (value & 0x3FU)));
  } else {
    out.push_back(static_cast<char>(0xF0U | (value >> 18U)));
    out.push_back(static_cast<char>(0x80U | ((value >> 12U) & 0x3FU)));
    out.push_back(static_cast<char>(0x80U | ((value >> 6U) & 0x3FU)));
    out.push_back(static_cast<char>(0x80U | (value & 0x3FU)));
  }
}

std::size_t count_code_points(std::string_view text) noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++count) {
    i += static_cast<std::uint8_t>(text[i]) < 0x80 ? 1 : decode_code_point(text, i).bytes;
  }
  return count;
}

std::size_t byte_offset(std::string_view text, std::size_t index) noexcept {
  std::size_t offset = 0;
  for (; index > 0 && offset < text.size(); --index) {
    offset += decode_code_point(text, offset).bytes;
  }
  return offset;
}

std::u32string decode(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = decode_code_point(text, i);
    points.push_back(point.value);
    i += point.bytes;
  }
  return points;
}

std::string encode(std::u32string_view points) {
  std::string text;
  text.reserve(points.size());
  for (const char32_t point : points) {
    append_code_point(text, point);
  }
  return text;
}

bool is_alpha(char32_t c) noexcept {
  return has(c, kAlpha);
}
bool is_decimal(char32_t c) noexcept {
  return has(c, kDecimal);
}
bool is_digit(char32_t c) noexcept {
  return has(c, kDigit);
}
bool is_numeric(char32_t c) noexcept {
  return has(c, kNumeric);
}
bool is_alnum(char32_t c) noexcept {
  return has(c, kAlpha | kDecimal | kDigit | kNumeric);
}
bool is_upper(char32_t c) noexcept {
  return has(c, kUpper);
}
bool is_lower(char32_t c) noexcept {
  return has(c, kLower);
}
bool is_titlecase(char32_t c) noexcept {
  return has(c, kTitle);
}
bool is_cased(char32_t c) noexcept {
  return has(c, kUpper | kLower | kTitle);
}
bool is_space(char32_t c) noexcept {
  return has(c, kSpace);
}
bool is_printable(char32_t c) noexcept {
  return has(c, kPrintable);
}
bool is_identifier_start(char32_t c) noexcept {
  return has(c, kIdentifierStart);
}
bool is_identifier_part(char32_t c) noexcept {
  return has(c, kIdentifierPart);
}

std::string to_upper(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_code_point(text, i);
    append_upper(out, c.value);
    i += c.bytes;
  }
  return out;
}

std::string to_lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_code_point(text, i);
    append_lower_in_context(out, text, i, c);
    i += c.bytes;
  }
  return out;
}

std::string to_capitalized(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_code_point(text, i);
    if (i == 0) {
      append_title(out, c.value);
    } else {
      append_lower_in_context(out, text, i, c);
    }
    i += c.bytes;
  }
  return out;
}

std::string to_title(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool in_word = false;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_code_point(text, i);
    if (in_word) {
      append_lower_in_context(out, text, i, c);
    } else {
      append_title(out, c.value);
    }
    in_word = is_cased(c.value);
    i += c.bytes;
  }
  return out;
}

}  // namespace axllama::text::jinja
