#include "text/jinja/lexer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "text/jinja/error.h"
#include "text/jinja/string_literal.h"
#include "text/jinja/unicode.h"

namespace axllama::text::jinja {
namespace {

bool is_ascii_digit(char c) {
  return c >= '0' && c <= '9';
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  std::vector<Token> run() {
    try {
      while (at_ < source_.size()) {
        read_data();
      }
      const std::uint32_t end = tokens_.empty() ? 0 : tokens_.back().offset;
      tokens_.push_back({TokenType::kEnd, "", end});
    } catch (const Failure& failure) {
      tokens_.push_back(
          {TokenType::kError, failure.message, failure.offset.value_or(static_cast<std::uint32_t>(at_))});
    }
    return std::move(tokens_);
  }

 private:
  [[noreturn]] static void fail_at(std::size_t offset, std::string message) {
    throw Failure(ErrorKind::kSyntax, std::move(message), static_cast<std::uint32_t>(offset));
  }

  void add(TokenType type, std::string text, std::size_t offset) {
    tokens_.push_back({type, std::move(text), static_cast<std::uint32_t>(offset)});
  }

  bool looking_at(std::string_view text, std::size_t at) const {
    return source_.substr(std::min(at, source_.size()), text.size()) == text;
  }

  std::size_t skip_space(std::size_t at) const {
    while (at < source_.size()) {
      const CodePoint c = decode_code_point(source_, at);
      if (!is_space(c.value)) {
        break;
      }
      at += c.bytes;
    }
    return at;
  }

  /// The text up to the next tag, then the tag itself.
  void read_data() {
    const std::size_t begin = at_;
    std::size_t tag = begin;
    while (true) {
      tag = std::min(source_.find('{', tag), source_.size());
      if (tag == source_.size() || looking_at("{{", tag) || looking_at("{%", tag) || looking_at("{#", tag)) {
        break;
      }
      ++tag;
    }
    std::string_view text = source_.substr(begin, tag - begin);
    if (tag == source_.size()) {
      add_data(text, begin);
      at_ = tag;
      return;
    }
    const char kind = source_[tag + 1];
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    add_data(strip_before(text, sign, kind != '{'), begin);
    at_ = tag + 2 + (sign == '-' || sign == '+' ? 1 : 0);
    if (kind == '{') {
      add(TokenType::kVariableBegin, "{{", tag);
      read_tag("}}", TokenType::kVariableEnd);
    } else if (kind == '#') {
      skip_comment(tag);
    } else if (!read_raw(tag)) {
      add(TokenType::kBlockBegin, "{%", tag);
      read_tag("%}", TokenType::kBlockEnd);
    }
  }

  void add_data(std::string_view text, std::size_t offset) {
    if (!text.empty()) {
      add(TokenType::kData, std::string(text), offset);
    }
  }

  /// Whitespace control at the beginning of a tag: `-` drops all space before it; without a sign a block or
  /// comment that begins its line drops the blanks before it.
  std::string_view strip_before(std::string_view text, char sign, bool strips_line) const {
    if (sign == '-') {
      std::size_t end = text.size();
      while (end > 0) {
        const CodePoint c = decode_code_point_before(text, end);
        if (!is_space(c.value)) {
          break;
        }
        end -= c.bytes;
      }
      return text.substr(0, end);
    }
    if (sign == '+' || !strips_line) {
      return text;
    }
    const std::size_t newline = text.rfind('\n');
    const std::size_t line = newline == std::string_view::npos ? 0 : newline + 1;
    if (newline == std::string_view::npos && !line_starting_) {
      return text;
    }
    const bool blank = [&] {
      for (std::size_t i = line; i < text.size();) {
        const CodePoint c = decode_code_point(text, i);
        if (!is_space(c.value)) {
          return false;
        }
        i += c.bytes;
      }
      return true;
    }();
    return blank ? text.substr(0, line) : text;
  }

  /// Passes the end of a tag at `at_`, which is `[-+]` and `mark`: `-` drops all space after it, and no sign
  /// drops one line end when `trims` is set.
  void pass_tag_end(std::string_view mark, bool trims) {
    const char sign = source_[at_];
    const bool signed_end = sign == '-' || sign == '+';
    at_ += mark.size() + (signed_end ? 1 : 0);
    if (sign == '-') {
      at_ = skip_space(at_);
    } else if (!signed_end && trims && looking_at("\n", at_)) {
      ++at_;
    }
    line_starting_ = source_[at_ - 1] == '\n';
  }

  bool at_tag_end(std::string_view mark, bool allow_plus) const {
    return looking_at(mark, at_) || (looking_at("-", at_) && looking_at(mark, at_ + 1)) ||
           (allow_plus && looking_at("+", at_) && looking_at(mark, at_ + 1));
  }

  void skip_comment(std::size_t begin) {
    const std::size_t end = source_.find("#}", at_);
    if (end == std::string_view::npos) {
      fail_at(begin, "the comment is not closed: '#}' is missing");
    }
    const bool has_sign = end > at_ && (source_[end - 1] == '-' || source_[end - 1] == '+');
    at_ = has_sign ? end - 1 : end;
    pass_tag_end("#}", true);
  }

  /// Reads "raw %}...{% endraw %}" when that is what stands at `at_`, inside a block tag.
  bool read_raw(std::size_t begin) {
    std::size_t at = skip_space(at_);
    if (!looking_at("raw", at)) {
      return false;
    }
    at = skip_space(at + 3);
    if (looking_at("-%}", at)) {
      at = skip_space(at + 3);
    } else if (looking_at("%}", at)) {
      at += 2;
    } else {
      return false;
    }
    const std::size_t body = at;
    line_starting_ = source_[body - 1] == '\n';
    for (std::size_t tag = source_.find("{%", body); tag != std::string_view::npos;
         tag = source_.find("{%", tag + 1)) {
      const char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
      std::size_t end = skip_space(tag + 2 + (sign == '-' || sign == '+' ? 1 : 0));
      if (!looking_at("endraw", end)) {
        continue;
      }
      at_ = skip_space(end + 6);
      if (at_tag_end("%}", true)) {
        add_data(strip_before(source_.substr(body, tag - body), sign, true), body);
        pass_tag_end("%}", true);
        return true;
      }
    }
    fail_at(begin, "the raw block is not closed: 'endraw' is missing");
  }

  void read_tag(std::string_view mark, TokenType end_type) {
    std::vector<char> open;  // closing brackets that are due
    while (true) {
      if (open.empty() && at_tag_end(mark, end_type == TokenType::kBlockEnd)) {
        add(end_type, std::string(mark), at_);
        pass_tag_end(mark, end_type == TokenType::kBlockEnd);
        return;
      }
      const std::size_t space_end = skip_space(at_);
      if (space_end != at_) {
        at_ = space_end;
        continue;
      }
      if (at_ == source_.size()) {
        return;  // the parser says what is missing
      }
      read_token(open);
    }
  }

  void read_token(std::vector<char>& open) {
    const char c = source_[at_];
    if (is_ascii_digit(c)) {
      read_number();
    } else if (c == '\'' || c == '"') {
      read_string();
    } else if (const CodePoint point = decode_code_point(source_, at_); is_identifier_part(point.value)) {
      read_name();
    } else {
      read_operator(open);
    }
  }

  void read_name() {
    const std::size_t begin = at_;
    const CodePoint first = decode_code_point(source_, at_);
    while (at_ < source_.size()) {
      const CodePoint c = decode_code_point(source_, at_);
      if (!is_identifier_part(c.value)) {
        break;
      }
      at_ += c.bytes;
    }
    if (!is_identifier_start(first.value)) {
      fail_at(begin, "a name begins with an invalid character");
    }
    add(TokenType::kName, std::string(source_.substr(begin, at_ - begin)), begin);
  }

  /// The end of digits of `base`, which single underscores may separate.
  std::size_t digits_end(std::size_t at, int base) const {
    const auto is_digit_of = [&](std::size_t i) {
      if (i >= source_.size()) {
        return false;
      }
      const char c = source_[i];
      if (base == 16) {
        return is_ascii_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
      }
      return c >= '0' && c < '0' + base;
    };
    while (is_digit_of(at) || (looking_at("_", at) && is_digit_of(at + 1))) {
      ++at;
    }
    return at;
  }

  void read_number() {
    const std::size_t begin = at_;
    const bool after_dot = begin > 0 && source_[begin - 1] == '.';
    const std::size_t whole = digits_end(begin, 10);
    std::size_t end = whole;
    if (!after_dot) {
      if (looking_at(".", end) && end + 1 < source_.size() && is_ascii_digit(source_[end + 1])) {
        end = digits_end(end + 1, 10);
      }
      if (looking_at("e", end) || looking_at("E", end)) {
        const std::size_t digits = end + 1 + (looking_at("+", end + 1) || looking_at("-", end + 1) ? 1 : 0);
        if (digits < source_.size() && is_ascii_digit(source_[digits])) {
          end = digits_end(digits, 10);
        }
      }
    }
    TokenType type = TokenType::kFloat;
    if (end == whole) {
      type = TokenType::kInteger;
      end = integer_end(begin, whole);
    }
    std::string text;
    for (const char c : source_.substr(begin, end - begin)) {
      if (c != '_') {
        text += c;
      }
    }
    at_ = end;
    add(type, std::move(text), begin);
  }

  std::size_t integer_end(std::size_t begin, std::size_t decimal_end) const {
    if (source_[begin] != '0') {
      return decimal_end;
    }
    static constexpr std::array<std::pair<std::string_view, int>, 3> kBases = {
        {{"xX", 16}, {"oO", 8}, {"bB", 2}}};
    for (const auto& [letters, base] : kBases) {
      if (begin + 1 < source_.size() && letters.find(source_[begin + 1]) != std::string_view::npos) {
        const std::size_t end = digits_end(begin + 2, base);
        if (end > begin + 2) {
          return end;
        }
      }
    }
    return digits_end(begin, 1);  // zeros only: "007" is 00 and 7, which the parser refuses
  }

  void read_string() {
    const std::size_t begin = at_;
    const char quote = source_[begin];
    std::size_t end = begin + 1;
    while (end < source_.size() && source_[end] != quote) {
      end += source_[end] == '\\' ? 2U : 1U;
    }
    if (end >= source_.size()) {
      fail_at(begin, "the string is not closed");
    }
    at_ = end + 1;
    try {
      add(TokenType::kString, unescape_literal(source_.substr(begin + 1, end - begin - 1)), begin);
    } catch (const Failure& failure) {
      fail_at(begin, failure.message);
    }
  }

  void read_operator(std::vector<char>& open) {
    static constexpr std::array<std::string_view, 6> kTwo = {"//", "**", "==", "!=", ">=", "<="};
    static constexpr std::string_view kOne = "+-/*%~[](){}<>=.:|,;";
    const std::size_t begin = at_;
    for (const std::string_view two : kTwo) {
      if (looking_at(two, begin)) {
        at_ += 2;
        add(TokenType::kOperator, std::string(two), begin);
        return;
      }
    }
    const char c = source_[begin];
    if (kOne.find(c) == std::string_view::npos) {
      const CodePoint point = decode_code_point(source_, begin);
      fail_at(begin, "unexpected character '" + std::string(source_.substr(begin, point.bytes)) + "'");
    }
    if (c == '(' || c == '[' || c == '{') {
      open.push_back(c == '(' ? ')' : (c == '[' ? ']' : '}'));
    } else if (c == ')' || c == ']' || c == '}') {
      if (open.empty()) {
        fail_at(begin, std::string("unexpected '") + c + "'");
      }
      if (open.back() != c) {
        fail_at(begin, std::string("unexpected '") + c + "', expected '" + open.back() + "'");
      }
      open.pop_back();
    }
    ++at_;
    add(TokenType::kOperator, std::string(1, c), begin);
  }

  std::string_view source_;
  std::size_t at_ = 0;
  bool line_starting_ = true;  // whether the text at the current tag end begins a line
  std::vector<Token> tokens_;
};

}  // namespace

std::string normalize_source(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      i += i + 1 < source.size() && source[i + 1] == '\n' ? 1U : 0U;
    } else {
      out += source[i];
    }
  }
  if (!out.empty() && out.back() == '\n') {
    out.pop_back();
  }
  return out;
}

std::vector<Token> tokenize(std::string_view source) {
  return Lexer(source).run();
}

}  // namespace axllama::text::jinja
