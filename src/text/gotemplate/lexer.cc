#include "text/gotemplate/lexer.h"

#include <algorithm>
#include <utility>

#include "text/gotemplate/error.h"
#include "text/gotemplate/literal.h"

namespace axllama::text::gotemplate {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

bool is_space(char c) {
  return kSpaces.find(c) != std::string_view::npos;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return c == '_' || is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (static_cast<unsigned char>(c) & 0x80U) != 0;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  std::vector<Token> run() {
    bool trim = false;  // whether the text after the last action loses its leading space
    while (at_ < source_.size()) {
      trim = read_text(trim);
    }
    add(TokenType::kEnd, "", source_.size());
    return std::move(tokens_);
  }

 private:
  void add(TokenType type, std::string text, std::size_t offset) {
    tokens_.push_back({type, std::move(text), static_cast<std::uint32_t>(offset)});
  }
  [[noreturn]] static void fail_at(std::size_t offset, std::string message) {
    throw Failure(std::move(message), static_cast<std::uint32_t>(offset));
  }
  bool looking_at(std::string_view text, std::size_t at) const {
    return at <= source_.size() && source_.substr(at, text.size()) == text;
  }
  char at(std::size_t i) const { return i < source_.size() ? source_[i] : '\0'; }

  /// Text up to the next action, and the action. Returns whether the text after
  /// it is to be trimmed.
  bool read_text(bool trim_begin) {
    std::size_t begin = at_;
    const std::size_t action = std::min(source_.find("{{", begin), source_.size());
    std::string_view text = source_.substr(begin, action - begin);
    const bool trims = at(action + 2) == '-' && is_space(at(action + 3));
    if (trim_begin) {
      const std::size_t skipped = std::min(text.find_first_not_of(kSpaces), text.size());
      text.remove_prefix(skipped);
      begin += skipped;
    }
    if (trims) {
      text = text.substr(0, text.find_last_not_of(kSpaces) + 1);
    }
    if (!text.empty()) {
      add(TokenType::kText, std::string(text), begin);
    }
    at_ = action;
    if (action == source_.size()) {
      return false;
    }
    at_ += trims ? 4U : 2U;
    const std::size_t comment =
        trims ? std::min(source_.find_first_not_of(kSpaces, at_), source_.size()) : at_;
    if (looking_at("/*", comment)) {
      return skip_comment(action, comment);
    }
    add(TokenType::kActionBegin, "{{", action);
    return read_action(action);
  }

  bool skip_comment(std::size_t action, std::size_t comment) {
    const std::size_t end = source_.find("*/", comment + 2);
    if (end == std::string_view::npos) {
      fail_at(action, "the comment is not closed");
    }
    at_ = end + 2;
    const bool trims = is_space(at(at_)) &&
                       trim_marker_at(std::min(source_.find_first_not_of(kSpaces, at_), source_.size()));
    if (trims) {
      at_ = source_.find('-', at_) + 1;
    }
    if (!looking_at("}}", at_)) {
      fail_at(action, "a comment must end its action: '}}' must follow '*/'");
    }
    at_ += 2;
    return trims;
  }

  bool trim_marker_at(std::size_t i) const { return at(i) == '-' && looking_at("}}", i + 1); }

  bool read_action(std::size_t begin) {
    int open = 0;
    while (true) {
      if (at_ >= source_.size()) {
        fail_at(begin, "the action is not closed: '}}' is missing");
      }
      const std::size_t start = at_;
      const char c = source_[at_];
      if (is_space(c)) {
        at_ = std::min(source_.find_first_not_of(kSpaces, at_), source_.size());
        if (trim_marker_at(at_)) {
          end_action(at_, open);
          at_ += 3;
          return true;
        }
        add(TokenType::kSpace, " ", start);
      } else if (looking_at("}}", at_)) {
        end_action(at_, open);
        at_ += 2;
        return false;
      } else {
        read_token(c, open);
      }
    }
  }

  void end_action(std::size_t offset, int open) {
    if (open != 0) {
      fail_at(offset, "a '(' is not closed");
    }
    add(TokenType::kActionEnd, "}}", offset);
  }

  void read_token(char c, int& open) {
    const std::size_t start = at_;
    switch (c) {
      case '|':
        single(TokenType::kPipe);
        return;
      case ',':
        single(TokenType::kComma);
        return;
      case '=':
        single(TokenType::kAssign);
        return;
      case '(':
        ++open;
        single(TokenType::kOpen);
        return;
      case ')':
        if (--open < 0) {
          fail_at(start, "unexpected ')'");
        }
        single(TokenType::kClose);
        return;
      case ':':
        if (at(at_ + 1) != '=') {
          fail_at(start, "expected ':='");
        }
        at_ += 2;
        add(TokenType::kDeclare, ":=", start);
        return;
      case '"':
      case '`':
      case '\'':
        read_quoted(c);
        return;
      case '.':
        if (!is_digit(at(at_ + 1))) {
          read_field();
          return;
        }
        break;
      case '$':
        ++at_;
        skip_word();
        add(TokenType::kVariable, std::string(source_.substr(start, at_ - start)), start);
        return;
      default:
        break;
    }
    if (c == '+' || c == '-' || c == '.' || is_digit(c)) {
      read_number();
    } else if (is_word(c)) {
      skip_word();
      add(TokenType::kIdentifier, std::string(source_.substr(start, at_ - start)), start);
    } else {
      fail_at(start, std::string("unexpected '") + c + "' in an action");
    }
  }

  void single(TokenType type) {
    add(type, std::string(1, source_[at_]), at_);
    ++at_;
  }

  void skip_word() {
    while (at_ < source_.size() && is_word(source_[at_])) {
      ++at_;
    }
  }

  void read_field() {
    const std::size_t start = at_++;
    const std::size_t name = at_;
    skip_word();
    if (at_ == name) {
      add(TokenType::kDot, ".", start);
    } else {
      add(TokenType::kField, std::string(source_.substr(name, at_ - name)), start);
    }
  }

  void read_quoted(char quote) {
    const std::size_t start = at_++;
    while (at_ < source_.size() && source_[at_] != quote) {
      if (source_[at_] == '\n' && quote != '`') {
        break;
      }
      at_ += source_[at_] == '\\' && quote != '`' ? 2U : 1U;
    }
    if (at_ >= source_.size() || source_[at_] != quote) {
      fail_at(start, "the string is not closed");
    }
    const std::string_view inside = source_.substr(start + 1, at_ - start - 1);
    ++at_;
    try {
      if (quote == '`') {
        add(TokenType::kString, std::string(inside), start);
      } else if (quote == '"') {
        add(TokenType::kString, unquote(inside, quote), start);
      } else {
        add(TokenType::kCharacter, std::to_string(character_code(inside)), start);
      }
    } catch (const Failure& failure) {
      fail_at(start, failure.message);
    }
  }

  void read_number() {
    const std::size_t start = at_;
    if (source_[at_] == '+' || source_[at_] == '-') {
      ++at_;
    }
    const bool hexadecimal = at(at_) == '0' && (at(at_ + 1) == 'x' || at(at_ + 1) == 'X');
    bool is_float = false;
    while (at_ < source_.size()) {
      const char c = source_[at_];
      const bool exponent_sign = (c == '+' || c == '-') && !hexadecimal &&
                                 (source_[at_ - 1] == 'e' || source_[at_ - 1] == 'E') && is_float;
      if (!is_word(c) && c != '.' && !exponent_sign) {
        break;
      }
      is_float |= c == '.' || (!hexadecimal && (c == 'e' || c == 'E'));
      ++at_;
    }
    std::string text(source_.substr(start, at_ - start));
    std::erase(text, '_');
    if (!is_number(text, is_float)) {
      fail_at(start, "'" + text + "' is not a number");
    }
    add(is_float ? TokenType::kFloat : TokenType::kInteger, std::move(text), start);
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) {
  return Lexer(source).run();
}

}  // namespace axllama::text::gotemplate
