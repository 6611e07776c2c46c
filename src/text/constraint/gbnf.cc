#include "text/constraint/gbnf.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "text/constraint/limits.h"

namespace axllama::text {
namespace {

using Node = Grammar::Node;

class Parser {
 public:
  Parser(Grammar& grammar, std::string_view source) : grammar_(grammar), text_(source) {}

  Node run() {
    if (text_.size() > kConstraintLimits.max_source_bytes) {
      refuse("it is longer than " + std::to_string(kConstraintLimits.max_source_bytes) + " bytes");
    }
    if (!base::is_valid_utf8(text_)) refuse("it is not UTF-8");
    skip_space(true);
    while (!at_end()) {
      rule();
      skip_space(true);
    }
    const auto root = rules_.find("root");
    if (root == rules_.end() || !grammar_.defined(root->second)) refuse("the rule 'root' is missing");
    for (const auto& [name, node] : rules_) {
      if (!grammar_.defined(node)) refuse("the rule '" + name + "' is used but not defined");
    }
    return root->second;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    throw base::Error(base::ErrorCode::kInvalidArgument,
                      "The grammar is wrong in line " + std::to_string(line) + ": " + why + ".");
  }

  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  bool take(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  void skip_space(bool newlines) {
    while (!at_end()) {
      const char c = text_[at_];
      if (c == '#') {
        at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
      } else if (c == ' ' || c == '\t' || (newlines && (c == '\r' || c == '\n'))) {
        ++at_;
      } else {
        break;
      }
    }
  }

  static bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  }
  std::string take_name() {
    std::string name;
    while (!at_end() && is_name_character(peek())) name.push_back(text_[at_++]);
    return name;
  }

  Node rule_named(const std::string& name) {
    const auto known = rules_.find(name);
    if (known != rules_.end()) return known->second;
    return rules_[name] = grammar_.declare(name);
  }

  void rule() {
    const std::string name = take_name();
    if (name.empty()) refuse("the name of a rule is expected");
    skip_space(false);
    if (!take("::=")) refuse("'::=' is expected after '" + name + "'");
    const Node node = rule_named(name);
    if (grammar_.defined(node)) refuse("the rule '" + name + "' is defined twice");
    skip_space(true);
    grammar_.define(node, alternatives(false));
    if (!at_end() && peek() != '\n' && peek() != '\r') {
      refuse("'" + std::string(1, peek()) + "' is not expected here");
    }
  }

  Node alternatives(bool nested) {
    if (++depth_ > kConstraintLimits.max_nesting) {
      refuse("groups are nested deeper than " + std::to_string(kConstraintLimits.max_nesting));
    }
    std::vector<Node> nodes{sequence(nested)};
    while (take("|")) {
      skip_space(true);
      nodes.push_back(sequence(nested));
    }
    --depth_;
    return grammar_.choice(std::move(nodes));
  }

  Node sequence(bool nested) {
    std::vector<Node> parts;
    while (true) {
      skip_space(nested);
      if (at_end() || peek() == '|' || peek() == ')' || peek() == '\n' || peek() == '\r') break;
      const Node item = element();
      parts.push_back(repeated(item, nested));
    }
    return grammar_.sequence(std::move(parts));
  }

  Node element() {
    if (take("\"")) return literal();
    if (take("[")) return grammar_.characters(character_class());
    if (take("(")) {
      const Node group = alternatives(true);
      skip_space(true);
      if (!take(")")) refuse("'(' has no ')'");
      return group;
    }
    if (take(".")) return grammar_.characters(CharacterSet::all());
    if (take("<[")) {
      const Node token = grammar_.special(static_cast<TokenId>(number()));
      if (!take("]>")) refuse("']>' is expected after the number of a token");
      return token;
    }
    const std::string name = take_name();
    if (name.empty()) {
      const base::Utf8Character found = base::decode_utf8(text_, at_);
      refuse("'" + std::string(text_.substr(at_, found.length)) + "' is not expected here");
    }
    return rule_named(name);
  }

  Node repeated(Node item, bool nested) {
    while (true) {
      skip_space(nested);
      if (take("*")) {
        item = grammar_.repeat(item, 0);
      } else if (take("+")) {
        item = grammar_.repeat(item, 1);
      } else if (take("?")) {
        item = grammar_.repeat(item, 0, 1);
      } else if (take("{")) {
        item = counted(item);
      } else {
        return item;
      }
    }
  }

  Node counted(Node item) {
    skip_space(false);
    const std::uint32_t min = number();
    std::uint32_t max = min;
    skip_space(false);
    if (take(",")) {
      skip_space(false);
      max = peek() == '}' ? Grammar::kUnbounded : number();
      skip_space(false);
    }
    if (!take("}")) refuse("'}' is expected after the counts of a repetition");
    if (min > max) refuse("the counts of a repetition are in the wrong order");
    return grammar_.repeat(item, min, max);
  }

  std::uint32_t number() {
    if (peek() < '0' || peek() > '9') refuse("a number is expected");
    std::uint64_t value = 0;
    while (peek() >= '0' && peek() <= '9') {
      value = std::min<std::uint64_t>(value * 10 + static_cast<std::uint64_t>(text_[at_++] - '0'),
                                      Grammar::kUnbounded);
    }
    if (value > kConstraintLimits.max_repetitions) {
      refuse("a number is larger than " + std::to_string(kConstraintLimits.max_repetitions));
    }
    return static_cast<std::uint32_t>(value);
  }

  Node literal() {
    std::string bytes;
    while (!take("\"")) {
      if (at_end() || peek() == '\n') refuse("a literal has no end");
      base::append_utf8(bytes, character());
    }
    return grammar_.literal(bytes);
  }

  CharacterSet character_class() {
    const bool negated = take("^");
    CharacterSet set;
    while (!take("]")) {
      if (at_end() || peek() == '\n') refuse("'[' has no ']'");
      const char32_t first = character();
      char32_t last = first;
      if (peek() == '-' && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
        ++at_;
        last = character();
      }
      if (last < first) refuse("a range of characters is in the wrong order");
      set.add(first, last);
    }
    return negated ? set.complement() : set;
  }

  char32_t character() {
    if (at_end()) refuse("a character is expected");
    if (peek() != '\\') {
      const base::Utf8Character decoded = base::decode_utf8(text_, at_);
      at_ += decoded.length;
      return decoded.code_point;
    }
    ++at_;
    const char kind = at_end() ? '\0' : text_[at_++];
    switch (kind) {
      case 'x':
        return hexadecimal(2);
      case 'u':
        return hexadecimal(4);
      case 'U':
        return hexadecimal(8);
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case '\\':
      case '"':
      case '[':
      case ']':
      case '-':
      case '^':
        return static_cast<char32_t>(kind);
      default:
        refuse("an escape is not known");
    }
  }

  char32_t hexadecimal(int digits) {
    char32_t value = 0;
    for (int i = 0; i < digits; ++i) {
      const char c = peek();
      const std::size_t digit = std::string_view("0123456789abcdef")
                                    .find(static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c));
      if (at_end() || digit == std::string_view::npos) {
        refuse("an escape needs " + std::to_string(digits) + " hexadecimal digits");
      }
      value = value * 16 + static_cast<char32_t>(digit);
      ++at_;
    }
    if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) refuse("an escape names no character");
    return value;
  }

  Grammar& grammar_;
  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::map<std::string, Node> rules_;
};

}  // namespace

Node add_gbnf(Grammar& grammar, std::string_view source) {
  return Parser(grammar, source).run();
}

}  // namespace axllama::text
