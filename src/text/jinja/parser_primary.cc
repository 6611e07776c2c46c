#include <charconv>
#include <cstdlib>

#include "text/jinja/error.h"
#include "text/jinja/parser_impl.h"

namespace axllama::text::jinja {
namespace {

StringPtr constant_text(std::string text) {
  return std::make_shared<const StringData>(std::move(text));
}

}  // namespace

ExprPtr Parser::number(const Token& token) const {
  const std::string& text = token.text;
  if (token.type == TokenType::kFloat) {
    double value = 0.0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec == std::errc::result_out_of_range) {
      value = std::strtod(text.c_str(), nullptr);  // infinity or zero, as Python reads it
    }
    return std::make_unique<ConstantExpr>(token.offset, Value(value));
  }
  const bool prefixed = text.size() > 2 && text[0] == '0' && (text[1] < '0' || text[1] > '9');
  const int base = !prefixed                          ? 10
                   : text[1] == 'x' || text[1] == 'X' ? 16
                   : text[1] == 'o' || text[1] == 'O' ? 8
                                                      : 2;
  std::int64_t value = 0;
  const auto result =
      std::from_chars(text.data() + (prefixed ? 2 : 0), text.data() + text.size(), value, base);
  if (result.ec != std::errc{}) {
    fail_at(token.offset, "the number " + text + " does not fit into a 64-bit integer");
  }
  return std::make_unique<ConstantExpr>(token.offset, Value(value));
}

ExprPtr Parser::parse_primary() {
  const Token token = current();
  const std::uint32_t offset = token.offset;
  switch (token.type) {
    case TokenType::kName: {
      next();
      const std::string& name = token.text;
      if (name == "true" || name == "True" || name == "false" || name == "False") {
        return std::make_unique<ConstantExpr>(offset, Value(name == "true" || name == "True"));
      }
      if (name == "none" || name == "None") {
        return std::make_unique<ConstantExpr>(offset, Value::none());
      }
      note_mention(name);
      return std::make_unique<NameExpr>(offset, intern(name));
    }
    case TokenType::kString: {
      std::string text = next().text;
      while (current().type == TokenType::kString) {
        text += next().text;
      }
      result_.members.insert(text);
      return std::make_unique<ConstantExpr>(offset, Value(constant_text(std::move(text))));
    }
    case TokenType::kInteger:
    case TokenType::kFloat:
      return number(next());
    default:
      break;
  }
  if (is_operator("(")) {
    next();
    ExprPtr expr = parse_tuple(TupleMode::kFull, {}, true);
    expect_operator(")");
    return expr;
  }
  if (is_operator("[")) {
    return parse_list();
  }
  if (is_operator("{")) {
    return parse_dict();
  }
  fail_here("expected an expression, found " + describe_current());
}

ExprPtr Parser::parse_tuple(TupleMode mode, std::string_view end, bool in_parentheses) {
  const std::uint32_t offset = current().offset;
  const auto at_end = [&] {
    return current().type == TokenType::kVariableEnd || current().type == TokenType::kBlockEnd ||
           is_operator(")") || (!end.empty() && is_name(end));
  };
  std::vector<ExprPtr> items;
  bool is_tuple = false;
  while (true) {
    if (!items.empty()) {
      expect_operator(",");
    }
    if (at_end()) {
      break;
    }
    if (mode == TupleMode::kPrimaries) {
      const DepthGuard depth(depth_, limits_.max_nesting, "statements and expressions are");
      items.push_back(parse_primary());
    } else {
      items.push_back(mode == TupleMode::kFull ? parse_expression() : parse_without_conditional());
    }
    if (!is_operator(",")) {
      break;
    }
    is_tuple = true;
  }
  if (!is_tuple) {
    if (!items.empty()) {
      return std::move(items.front());
    }
    if (!in_parentheses) {
      fail_here("expected an expression, found " + describe_current());
    }
  }
  return std::make_unique<SequenceExpr>(ExprKind::kTuple, offset, std::move(items));
}

ExprPtr Parser::parse_list() {
  const std::uint32_t offset = next().offset;
  std::vector<ExprPtr> items;
  while (!is_operator("]")) {
    if (!items.empty()) {
      expect_operator(",");
      if (is_operator("]")) {
        break;
      }
    }
    items.push_back(parse_expression());
  }
  expect_operator("]");
  return std::make_unique<SequenceExpr>(ExprKind::kList, offset, std::move(items));
}

ExprPtr Parser::parse_dict() {
  auto dict = std::make_unique<DictExpr>(next().offset);
  while (!is_operator("}")) {
    if (!dict->items.empty()) {
      expect_operator(",");
      if (is_operator("}")) {
        break;
      }
    }
    ExprPtr key = parse_expression();
    expect_operator(":");
    dict->items.emplace_back(std::move(key), parse_expression());
  }
  expect_operator("}");
  return dict;
}

}  // namespace axllama::text::jinja
