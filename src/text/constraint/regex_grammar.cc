#include "text/constraint/regex_grammar.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "text/constraint/limits.h"

namespace axllama::text {
namespace {

using Node = Grammar::Node;

const CharacterSet& digits() {
  static const CharacterSet set{{'0', '9'}};
  return set;
}
const CharacterSet& word_characters() {
  static const CharacterSet set{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
  return set;
}
/// White space and line ends of ECMAScript.
const CharacterSet& spaces() {
  static const CharacterSet set{{0x09, 0x0D},     {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680},
                                {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F},
                                {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
  return set;
}
const CharacterSet& not_line_ends() {
  static const CharacterSet set = CharacterSet{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}.complement();
  return set;
}

class Parser {
 public:
  Parser(Grammar& grammar, std::string_view pattern, const RegexOptions& options)
      : grammar_(grammar), options_(options) {
    if (pattern.size() > kConstraintLimits.max_source_bytes) {
      refuse("it is longer than " + std::to_string(kConstraintLimits.max_source_bytes) + " bytes");
    }
    for (std::size_t at = 0; at < pattern.size();) {
      const base::Utf8Character character = base::decode_utf8(pattern, at);
      if (!character.valid) refuse("it is not UTF-8");
      text_.push_back(character.code_point);
      at += character.length;
    }
  }

  Node run() {
    std::vector<Node> alternatives;
    do {
      alternatives.push_back(outer_alternative());
    } while (take('|'));
    if (!at_end()) refuse("')' has no '('");
    return grammar_.choice(std::move(alternatives));
  }

 private:
  static constexpr char32_t kEnd = 0x110000;

  [[noreturn]] void refuse(const std::string& why) const {
    throw base::Error(base::ErrorCode::kInvalidArgument, "The pattern is not supported at character " +
                                                             std::to_string(at_ + 1) + ": " + why + ".");
  }
  bool at_end() const { return at_ >= text_.size(); }
  char32_t peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : kEnd;
  }
  bool take(char32_t character) {
    if (peek() != character) return false;
    ++at_;
    return true;
  }
  bool take(std::u32string_view text) {
    if (!std::u32string_view(text_).substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }
  Node write(const CharacterSet& set) {
    if (set.empty()) return grammar_.never();
    return options_.write ? options_.write(set) : grammar_.characters(set);
  }

  /// An alternative of the whole pattern, where anchors are understood.
  Node outer_alternative() {
    const bool begins = take('^');
    std::vector<Node> parts;
    if (!begins && options_.around != nullptr) parts.push_back(*options_.around);
    bool ends = false;
    while (!at_end() && peek() != '|' && peek() != ')') {
      if (peek() == '$' && (peek(1) == '|' || peek(1) == kEnd)) {
        ++at_;
        ends = true;
        break;
      }
      parts.push_back(term());
    }
    if (!ends && options_.around != nullptr) parts.push_back(*options_.around);
    return grammar_.sequence(std::move(parts));
  }

  Node group() {
    if (++depth_ > kConstraintLimits.max_nesting) {
      refuse("groups are nested deeper than " + std::to_string(kConstraintLimits.max_nesting));
    }
    std::vector<Node> alternatives;
    do {
      std::vector<Node> parts;
      while (!at_end() && peek() != '|' && peek() != ')') parts.push_back(term());
      alternatives.push_back(grammar_.sequence(std::move(parts)));
    } while (take('|'));
    if (!take(')')) refuse("'(' has no ')'");
    --depth_;
    return grammar_.choice(std::move(alternatives));
  }

  void group_kind() {
    if (!take('?')) return;
    if (take(':')) return;
    if (take('<') && peek() != '=' && peek() != '!') {
      while (!at_end() && peek() != '>') ++at_;
      if (!take('>')) refuse("the name of a group has no end");
      return;
    }
    refuse("lookaround and flags are not supported");
  }

  Node term() {
    const Node body = atom();
    std::uint32_t min = 0;
    std::uint32_t max = Grammar::kUnbounded;
    if (take('*')) {
    } else if (take('+')) {
      min = 1;
    } else if (take('?')) {
      max = 1;
    } else if (!take_counts(min, max)) {
      return body;
    }
    take('?');  // lazy: the same texts
    if (min > max) refuse("the counts of a repetition are in the wrong order");
    return grammar_.repeat(body, min, max);
  }

  /// {m}, {m,} or {m,n}; anything else in braces is text.
  bool take_counts(std::uint32_t& min, std::uint32_t& max) {
    const std::size_t begin = at_;
    if (!take('{')) return false;
    if (const auto least = number()) {
      min = max = *least;
      if (take(',')) max = peek() == '}' ? Grammar::kUnbounded : number().value_or(0);
      if (take('}')) return true;
    }
    at_ = begin;
    return false;
  }

  std::optional<std::uint32_t> number() {
    if (!digits().contains(peek())) return std::nullopt;
    std::uint64_t value = 0;
    while (digits().contains(peek())) {
      value = std::min<std::uint64_t>(value * 10 + (text_[at_++] - '0'), Grammar::kUnbounded);
    }
    if (value > kConstraintLimits.max_repetitions) {
      refuse("a count is larger than " + std::to_string(kConstraintLimits.max_repetitions));
    }
    return static_cast<std::uint32_t>(value);
  }

  Node atom() {
    const char32_t character = text_[at_++];
    switch (character) {
      case '(':
        group_kind();
        return group();
      case '[':
        return write(bracketed());
      case '.':
        return write(not_line_ends());
      case '\\':
        return write(escape(false));
      case '^':
      case '$':
        --at_;
        refuse("'^' and '$' may stand at the ends of the pattern only");
      case '*':
      case '+':
      case '?':
        --at_;
        refuse("there is nothing to repeat");
      default:
        return write({{character, character}});
    }
  }

  CharacterSet bracketed() {
    const bool negated = take('^');
    CharacterSet set;
    while (!take(']')) {
      if (at_end()) refuse("'[' has no ']'");
      const CharacterSet first = class_member();
      const bool single = is_single(first);
      if (peek() == '-' && peek(1) != ']' && peek(1) != kEnd) {
        ++at_;
        const CharacterSet last = class_member();
        if (!single || !is_single(last) || last.ranges()[0].first < first.ranges()[0].first) {
          refuse("a range of characters is in the wrong order");
        }
        set.add(first.ranges()[0].first, last.ranges()[0].first);
      } else {
        set.add(first);
      }
    }
    return negated ? set.complement() : set;
  }

  static bool is_single(const CharacterSet& set) {
    return set.ranges().size() == 1 && set.ranges()[0].first == set.ranges()[0].last;
  }

  CharacterSet class_member() {
    if (at_end()) refuse("'[' has no ']'");
    const char32_t character = text_[at_++];
    if (character == '\\') return escape(true);
    return {{character, character}};
  }

  char32_t hexadecimal(std::size_t least, std::size_t most) {
    char32_t value = 0;
    std::size_t count = 0;
    for (; count < most; ++count, ++at_) {
      const char32_t c = peek();
      if (c >= '0' && c <= '9') {
        value = value * 16 + (c - '0');
      } else if ((c | 0x20U) >= 'a' && (c | 0x20U) <= 'f') {
        value = value * 16 + ((c | 0x20U) - 'a' + 10);
      } else {
        break;
      }
    }
    if (count < least) refuse("an escape needs " + std::to_string(least) + " hexadecimal digits");
    return value;
  }

  CharacterSet unicode_escape() {
    char32_t character = 0;
    if (take('{')) {
      character = hexadecimal(1, 6);
      if (!take('}')) refuse("'\\u{' has no '}'");
    } else {
      character = hexadecimal(4, 4);
      if (character >= 0xD800 && character < 0xDC00 && take(U"\\u")) {
        const char32_t low = hexadecimal(4, 4);
        if (low < 0xDC00 || low > 0xDFFF) refuse("half of a surrogate pair is no character");
        character = 0x10000 + ((character - 0xD800) << 10U) + (low - 0xDC00);
      }
    }
    if (character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF)) {
      refuse("an escape names no character");
    }
    return {{character, character}};
  }

  CharacterSet escape(bool in_class) {
    if (at_end()) refuse("it ends in a backslash");
    const char32_t character = text_[at_++];
    switch (character) {
      case 'd':
        return digits();
      case 'D':
        return digits().complement();
      case 'w':
        return word_characters();
      case 'W':
        return word_characters().complement();
      case 's':
        return spaces();
      case 'S':
        return spaces().complement();
      case 'n':
        return {{'\n', '\n'}};
      case 't':
        return {{'\t', '\t'}};
      case 'r':
        return {{'\r', '\r'}};
      case 'f':
        return {{'\f', '\f'}};
      case 'v':
        return {{'\v', '\v'}};
      case 'x': {
        const char32_t code = hexadecimal(2, 2);
        return {{code, code}};
      }
      case 'u':
        return unicode_escape();
      case '0':
        if (!digits().contains(peek())) return {{0, 0}};
        break;
      case 'b':
        if (in_class) return {{'\b', '\b'}};
        break;
      default:
        break;
    }
    if (word_characters().contains(character)) {
      --at_;
      std::string name;
      base::append_utf8(name, character);
      refuse("'\\" + name + "' is not supported");
    }
    return {{character, character}};
  }

  Grammar& grammar_;
  const RegexOptions& options_;
  std::u32string text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Node add_regex(Grammar& grammar, std::string_view pattern, const RegexOptions& options) {
  return Parser(grammar, pattern, options).run();
}

}  // namespace axllama::text
