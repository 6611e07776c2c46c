#include "text/tokenizer/split_scanner.h"

#include <array>
#include <cstdint>
#include <utility>

#include "base/utf8.h"
#include "text/unicode/character_class.h"

namespace axllama::text {
namespace {

constexpr char32_t kLongS = 0x17F;  // folds to s in case-insensitive matching

constexpr std::pair<std::string_view, ScanPattern> kKnown[] = {
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
     {ScanPattern::Family::kGpt2}},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     {ScanPattern::Family::kCl100k, 3, false}},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     {ScanPattern::Family::kCl100k, 1, false}},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     {ScanPattern::Family::kCl100k, 1, true}},
};

/// One pass over a part of a text; each call of next() gives the end of the match that begins at `at`.
class Scanner {
 public:
  Scanner(const ScanPattern& pattern, std::string_view text)
      : text_(text),
        classes_(character_classes()),
        word_(pattern.marks_in_words ? kLetter | kMark : kLetter),
        not_symbol_(static_cast<std::uint8_t>(word_ | kNumber | kSpace)),
        pattern_(pattern) {}

  std::size_t next(std::size_t at) const {
    return pattern_.family == ScanPattern::Family::kGpt2 ? next_gpt2(at) : next_cl100k(at);
  }

 private:
  struct Character {
    char32_t code_point = 0;
    std::size_t length = 0;  // 0 at the end of the text
    std::uint8_t classes = 0;
  };

  Character character(std::size_t at) const {
    if (at >= text_.size()) return {};
    const auto byte = static_cast<std::uint8_t>(text_[at]);
    if (byte < 0x80) return {byte, 1, classes_[byte]};
    const base::Utf8Character decoded = base::decode_utf8(text_, at);
    return {decoded.code_point, decoded.length, classes_[decoded.code_point]};
  }

  static bool is_newline(char32_t c) { return c == U'\r' || c == U'\n'; }
  bool is_symbol(const Character& c) const { return c.length != 0 && (c.classes & not_symbol_) == 0; }

  std::size_t skip(std::size_t at, std::uint8_t classes) const {
    for (Character c = character(at); (c.classes & classes) != 0; c = character(at)) at += c.length;
    return at;
  }
  std::size_t skip_symbols(std::size_t at) const {
    for (Character c = character(at); is_symbol(c); c = character(at)) at += c.length;
    return at;
  }

  std::size_t next_gpt2(std::size_t at) const {
    const Character first = character(at);
    if (first.code_point == U'\'') {
      const std::size_t end = contraction(at, false);
      if (end != at) return end;
    }
    const std::size_t begin = first.code_point == U' ' ? at + 1 : at;
    const Character c = begin == at ? first : character(begin);
    if ((c.classes & kLetter) != 0) return skip(begin, kLetter);
    if ((c.classes & kNumber) != 0) return skip(begin, kNumber);
    if (is_symbol(c)) return skip_symbols(begin);
    return white_space(at, skip(at, kSpace));
  }

  std::size_t next_cl100k(std::size_t at) const {
    const Character first = character(at);
    if (first.code_point == U'\'') {
      const std::size_t end = contraction(at, true);
      if (end != at) return end;
    }
    if ((first.classes & word_) != 0) return skip(at, word_);
    const std::size_t second = at + first.length;
    if ((first.classes & kNumber) != 0) return numbers(second);
    if (!is_newline(first.code_point) && (character(second).classes & word_) != 0) return skip(second, word_);
    const std::size_t symbols = first.code_point == U' ' ? second : at;
    if (is_symbol(character(symbols))) {
      std::size_t end = skip_symbols(symbols);
      while (end < text_.size() && is_newline(static_cast<unsigned char>(text_[end]))) ++end;
      return end;
    }
    const std::size_t end = skip(at, kSpace);
    const std::size_t newline = text_.substr(at, end - at).find_last_of("\r\n");
    return newline != std::string_view::npos ? at + newline + 1 : white_space(at, end);
  }

  std::size_t numbers(std::size_t end) const {
    for (int count = 1; count < pattern_.most_digits; ++count) {
      const Character c = character(end);
      if ((c.classes & kNumber) == 0) break;
      end += c.length;
    }
    return end;
  }

  /// `\s+(?!\S)|\s+`: the whole run at the end of the text, else all but its last character if it has more
  /// than one.
  std::size_t white_space(std::size_t begin, std::size_t end) const {
    if (end == text_.size()) return end;
    std::size_t last = end - 1;
    while ((static_cast<unsigned char>(text_[last]) & 0xC0U) == 0x80U) --last;
    return last == begin ? end : last;
  }

  /// End of the English contraction at the apostrophe `at`, or `at` when there is none.
  std::size_t contraction(std::size_t at, bool any_case) const {
    const auto letter = [&](const Character& c) -> char32_t {
      if (!any_case || c.length == 0) return c.code_point;
      if (c.code_point == kLongS) return U's';
      return c.code_point >= U'A' && c.code_point <= U'Z' ? c.code_point + (U'a' - U'A') : c.code_point;
    };
    const Character one = character(at + 1);
    const std::size_t after_one = at + 1 + one.length;
    switch (letter(one)) {
      case U's':
      case U't':
      case U'm':
      case U'd':
        return after_one;
      case U'r':
      case U'v':
        break;
      case U'l': {
        const Character two = character(after_one);
        return letter(two) == U'l' ? after_one + two.length : at;
      }
      default:
        return at;
    }
    const Character two = character(after_one);
    return letter(two) == U'e' ? after_one + two.length : at;
  }

  std::string_view text_;
  CharacterClassTable classes_;
  std::uint8_t word_;
  std::uint8_t not_symbol_;
  ScanPattern pattern_;
};

}  // namespace

std::optional<ScanPattern> known_scan_pattern(std::string_view regex) noexcept {
  for (const auto& [known, pattern] : kKnown) {
    if (known == regex) return pattern;
  }
  return std::nullopt;
}

void scan(const ScanPattern& pattern, std::string_view text, Span within, std::vector<Span>& pieces) {
  const Scanner scanner(pattern, text.substr(within.begin, within.end - within.begin));
  for (std::size_t at = within.begin; at < within.end;) {
    const std::size_t end = within.begin + scanner.next(at - within.begin);
    pieces.push_back({at, end});
    at = end;
  }
}

}  // namespace axllama::text
