#include <algorithm>
#include <array>
#include <optional>

#include "text/jinja/error.h"
#include "text/jinja/parser_impl.h"

namespace axllama::text::jinja {
namespace {

constexpr int kMaxLinks = 800;

std::optional<Comparison> comparison_of(const Token& token) {
  static constexpr std::array<std::pair<std::string_view, Comparison>, 6> kSymbols = {
      {{"==", Comparison::kEqual},
       {"!=", Comparison::kNotEqual},
       {"<", Comparison::kLess},
       {"<=", Comparison::kLessEqual},
       {">", Comparison::kGreater},
       {">=", Comparison::kGreaterEqual}}};
  if (token.type == TokenType::kOperator) {
    for (const auto& [symbol, comparison] : kSymbols) {
      if (token.text == symbol) {
        return comparison;
      }
    }
  }
  return std::nullopt;
}

}  // namespace

void Parser::count_link() {
  if (++links_ > kMaxLinks) {
    throw Failure(ErrorKind::kLimit,
                  "an expression has more than " + std::to_string(kMaxLinks) + " operations",
                  current().offset);
  }
}

ExprPtr Parser::parse_expression() {
  const DepthGuard depth(depth_, limits_.max_nesting, "statements and expressions are");
  std::uint32_t offset = current().offset;
  ExprPtr value = parse_or();
  while (skip_name("if")) {
    count_link();
    ++optional_;
    ExprPtr test = parse_or();
    ExprPtr otherwise = skip_name("else") ? parse_expression() : nullptr;
    --optional_;
    value =
        std::make_unique<ConditionalExpr>(offset, std::move(test), std::move(value), std::move(otherwise));
    offset = current().offset;
  }
  return value;
}

ExprPtr Parser::parse_or() {
  const DepthGuard depth(depth_, limits_.max_nesting, "statements and expressions are");
  ExprPtr left = parse_and();
  while (is_name("or")) {
    count_link();
    const std::uint32_t offset = next().offset;
    ExprPtr right = parse_and();
    left = std::make_unique<LogicExpr>(offset, false, std::move(left), std::move(right));
  }
  return left;
}

ExprPtr Parser::parse_and() {
  ExprPtr left = parse_not();
  while (is_name("and")) {
    count_link();
    const std::uint32_t offset = next().offset;
    ExprPtr right = parse_not();
    left = std::make_unique<LogicExpr>(offset, true, std::move(left), std::move(right));
  }
  return left;
}

ExprPtr Parser::parse_not() {
  if (!is_name("not")) {
    return parse_compare();
  }
  const DepthGuard depth(depth_, limits_.max_nesting, "statements and expressions are");
  const std::uint32_t offset = next().offset;
  return std::make_unique<UnaryExpr>(offset, UnaryOperator::kNot, parse_not());
}

ExprPtr Parser::parse_compare() {
  ExprPtr first = parse_sum();
  std::unique_ptr<CompareExpr> chain;
  while (true) {
    const std::uint32_t offset = current().offset;
    std::optional<Comparison> operation = comparison_of(current());
    if (operation) {
      next();
    } else if (skip_name("in")) {
      operation = Comparison::kIn;
    } else if (is_name("not") && ahead().type == TokenType::kName && ahead().text == "in") {
      next();
      next();
      operation = Comparison::kNotIn;
    } else {
      break;
    }
    if (chain == nullptr) {
      chain = std::make_unique<CompareExpr>(offset, std::move(first));
    }
    chain->rest.emplace_back(*operation, parse_sum());
  }
  return chain != nullptr ? std::move(chain) : std::move(first);
}

ExprPtr Parser::parse_sum() {
  ExprPtr left = parse_concat();
  while (is_operator("+") || is_operator("-")) {
    count_link();
    const Token token = next();
    const auto operation = token.text == "+" ? BinaryOperator::kAdd : BinaryOperator::kSubtract;
    ExprPtr right = parse_concat();
    left = std::make_unique<BinaryExpr>(token.offset, operation, std::move(left), std::move(right));
  }
  return left;
}

ExprPtr Parser::parse_concat() {
  const std::uint32_t offset = current().offset;
  std::vector<ExprPtr> parts;
  parts.push_back(parse_product());
  while (skip_operator("~")) {
    parts.push_back(parse_product());
  }
  return parts.size() == 1 ? std::move(parts.front())
                           : std::make_unique<ConcatExpr>(offset, std::move(parts));
}

ExprPtr Parser::parse_product() {
  ExprPtr left = parse_power();
  while (is_operator("*") || is_operator("/") || is_operator("//") || is_operator("%")) {
    count_link();
    const Token token = next();
    const auto operation = token.text == "*"    ? BinaryOperator::kMultiply
                           : token.text == "/"  ? BinaryOperator::kDivide
                           : token.text == "//" ? BinaryOperator::kFloorDivide
                                                : BinaryOperator::kModulo;
    ExprPtr right = parse_power();
    left = std::make_unique<BinaryExpr>(token.offset, operation, std::move(left), std::move(right));
  }
  return left;
}

ExprPtr Parser::parse_power() {
  ExprPtr left = parse_unary(true);
  while (is_operator("**")) {
    count_link();
    const std::uint32_t offset = next().offset;
    ExprPtr right = parse_unary(true);
    left = std::make_unique<BinaryExpr>(offset, BinaryOperator::kPower, std::move(left), std::move(right));
  }
  return left;
}

ExprPtr Parser::parse_unary(bool with_filters) {
  ExprPtr expr;
  if (is_operator("-") || is_operator("+")) {
    const DepthGuard depth(depth_, limits_.max_nesting, "statements and expressions are");
    const Token token = next();
    const auto operation = token.text == "-" ? UnaryOperator::kNegate : UnaryOperator::kAffirm;
    expr = std::make_unique<UnaryExpr>(token.offset, operation, parse_unary(false));
  } else {
    expr = parse_primary();
  }
  expr = parse_postfix(std::move(expr));
  return with_filters ? parse_filters_and_tests(std::move(expr)) : std::move(expr);
}

ExprPtr Parser::parse_postfix(ExprPtr expr) {
  while (true) {
    if (is_operator(".") || is_operator("[")) {
      count_link();
      expr = parse_subscript(std::move(expr));
    } else if (is_operator("(")) {
      expr = parse_call(std::move(expr));
    } else {
      return expr;
    }
  }
}

ExprPtr Parser::parse_filters_and_tests(ExprPtr expr) {
  while (true) {
    if (is_operator("|")) {
      expr = parse_filter_chain(std::move(expr), false);
    } else if (is_name("is")) {
      count_link();
      expr = parse_test(std::move(expr));
    } else if (is_operator("(")) {
      expr = parse_call(std::move(expr));
    } else {
      return expr;
    }
  }
}

ExprPtr Parser::parse_call(ExprPtr callee) {
  count_link();
  const std::uint32_t offset = current().offset;
  return std::make_unique<CallExpr>(offset, std::move(callee), parse_arguments());
}

ExprPtr Parser::parse_subscript(ExprPtr object) {
  const Token token = next();
  if (token.text == ".") {
    const Token attribute = current();
    if (attribute.type == TokenType::kName) {
      next();
      result_.members.insert(attribute.text);
      return std::make_unique<AttributeExpr>(token.offset, std::move(object), attribute.text);
    }
    if (attribute.type != TokenType::kInteger) {
      fail_here("expected a name or a number after '.', found " + describe_current());
    }
    return std::make_unique<ItemExpr>(token.offset, std::move(object), number(next()));
  }
  std::vector<ExprPtr> parts;
  while (!is_operator("]")) {
    if (!parts.empty()) {
      expect_operator(",");
    }
    parts.push_back(parse_subscript_part());
  }
  expect_operator("]");
  ExprPtr index = parts.size() == 1
                      ? std::move(parts.front())
                      : std::make_unique<SequenceExpr>(ExprKind::kTuple, token.offset, std::move(parts));
  return std::make_unique<ItemExpr>(token.offset, std::move(object), std::move(index));
}

ExprPtr Parser::parse_subscript_part() {
  auto slice = std::make_unique<SliceExpr>(current().offset);
  if (!is_operator(":")) {
    slice->start = parse_expression();
    if (!is_operator(":")) {
      return std::move(slice->start);
    }
  }
  next();
  const auto at_end = [&] { return is_operator("]") || is_operator(","); };
  if (!is_operator(":") && !at_end()) {
    slice->stop = parse_expression();
  }
  if (skip_operator(":") && !at_end()) {
    slice->step = parse_expression();
  }
  return slice;
}

CallArguments Parser::parse_arguments() {
  const std::uint32_t offset = current().offset;
  expect_operator("(");
  CallArguments arguments;
  const auto ensure = [&](bool valid) {
    if (!valid) {
      fail_at(offset, "the arguments of the call are in the wrong order");
    }
  };
  for (bool first = true; !is_operator(")"); first = false) {
    if (!first) {
      expect_operator(",");
      if (is_operator(")")) {
        break;
      }
    }
    if (is_operator("*")) {
      ensure(arguments.spread == nullptr && arguments.spread_named == nullptr);
      next();
      arguments.spread = parse_expression();
    } else if (is_operator("**")) {
      ensure(arguments.spread_named == nullptr);
      next();
      arguments.spread_named = parse_expression();
    } else if (current().type == TokenType::kName && is_operator(ahead(), "=")) {
      ensure(arguments.spread_named == nullptr);
      std::string name = next().text;
      next();
      arguments.named.emplace_back(std::move(name), parse_expression());
    } else {
      ensure(arguments.spread == nullptr && arguments.spread_named == nullptr && arguments.named.empty());
      arguments.positional.push_back(parse_expression());
    }
  }
  expect_operator(")");
  return arguments;
}

ExprPtr Parser::parse_filter_chain(ExprPtr input, bool first_without_bar) {
  while (first_without_bar || is_operator("|")) {
    count_link();
    if (!first_without_bar) {
      next();
    }
    first_without_bar = false;
    const Token token = expect(TokenType::kName, "the name of a filter");
    std::string name = token.text;
    while (skip_operator(".")) {
      name += "." + expect(TokenType::kName, "the name of a filter").text;
    }
    CallArguments arguments = is_operator("(") ? parse_arguments() : CallArguments{};
    auto filter =
        std::make_unique<FilterExpr>(token.offset, std::move(input), std::move(name), std::move(arguments));
    if (filter->filter == nullptr && optional_ == 0) {
      fail_at(token.offset, "there is no filter '" + filter->name + "'");
    }
    input = std::move(filter);
  }
  return input;
}

ExprPtr Parser::parse_test(ExprPtr input) {
  const std::uint32_t offset = next().offset;
  const bool negated = skip_name("not");
  std::string name = expect(TokenType::kName, "the name of a test").text;
  while (skip_operator(".")) {
    name += "." + expect(TokenType::kName, "the name of a test").text;
  }
  CallArguments arguments;
  if (is_operator("(")) {
    arguments = parse_arguments();
  } else if ((current().type == TokenType::kName && !is_name("else") && !is_name("or") && !is_name("and")) ||
             current().type == TokenType::kString || current().type == TokenType::kInteger ||
             current().type == TokenType::kFloat || is_operator("[") || is_operator("{")) {
    if (is_name("is")) {
      fail_here("tests cannot be chained with 'is'");
    }
    const DepthGuard depth(depth_, limits_.max_nesting, "statements and expressions are");
    arguments.positional.push_back(parse_postfix(parse_primary()));
  }
  auto test = std::make_unique<TestExpr>(offset, std::move(input), std::move(name), std::move(arguments));
  if (test->predicate == nullptr && optional_ == 0) {
    fail_at(offset, "there is no test '" + test->name + "'");
  }
  if (!negated) {
    return test;
  }
  return std::make_unique<UnaryExpr>(offset, UnaryOperator::kNot, std::move(test));
}

}  // namespace axllama::text::jinja
