#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/lexer.h"
#include "text/jinja/parser.h"

namespace axllama::text::jinja {

/// Recursive descent over the tokens; statements in parser_statements.cc, expressions in
/// parser_expressions.cc and parser_primary.cc, token helpers in parser_tokens.cc.
class Parser {
 public:
  Parser(std::string source, const Limits& limits);
  ParsedTemplate run();

 private:
  using EndTags = std::initializer_list<std::string_view>;

  // Tokens.
  const Token& current() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  Token next();
  bool is_operator(std::string_view text) const { return is_operator(current(), text); }
  static bool is_operator(const Token& token, std::string_view text) {
    return token.type == TokenType::kOperator && token.text == text;
  }
  bool is_name(std::string_view text) const {
    return current().type == TokenType::kName && current().text == text;
  }
  bool skip_operator(std::string_view text);
  bool skip_name(std::string_view text);
  void expect_operator(std::string_view text);
  void expect_name(std::string_view text);
  Token expect(TokenType type, std::string_view what);
  [[noreturn]] void fail_here(const std::string& message) const;
  [[noreturn]] static void fail_at(std::uint32_t offset, const std::string& message);
  [[noreturn]] void fail_unexpected(const std::string& expected) const;
  std::string describe_current() const;

  // Statements.
  Body parse_until(EndTags ends, std::string_view tag);
  Body parse_body(EndTags ends, std::string_view tag);
  StatementPtr parse_statement();
  StatementPtr parse_if();
  StatementPtr parse_for();
  StatementPtr parse_set();
  StatementPtr parse_macro();
  StatementPtr parse_call_block();
  StatementPtr parse_filter_block();
  StatementPtr parse_with();
  StatementPtr parse_scope(std::string_view tag);
  StatementPtr parse_print();
  StatementPtr parse_loop_control();
  void parse_signature(MacroDefinition& definition);
  void parse_macro_body(MacroDefinition& definition, std::string_view tag);
  Target parse_target(bool with_attribute, bool until_in);
  Target parse_name_target();
  Target as_target(Expr& expr) const;

  // Expressions, from the loosest to the tightest.
  ExprPtr parse_expression();
  ExprPtr parse_without_conditional() { return parse_or(); }
  ExprPtr parse_or();
  ExprPtr parse_and();
  ExprPtr parse_not();
  ExprPtr parse_compare();
  ExprPtr parse_sum();
  ExprPtr parse_concat();
  ExprPtr parse_product();
  ExprPtr parse_power();
  ExprPtr parse_unary(bool with_filters);
  ExprPtr parse_primary();
  ExprPtr parse_list();
  ExprPtr parse_dict();
  ExprPtr parse_postfix(ExprPtr expr);
  ExprPtr parse_filters_and_tests(ExprPtr expr);
  ExprPtr parse_call(ExprPtr callee);
  ExprPtr parse_subscript(ExprPtr object);
  ExprPtr parse_subscript_part();
  ExprPtr parse_filter_chain(ExprPtr input, bool first_without_bar);
  ExprPtr parse_test(ExprPtr input);
  CallArguments parse_arguments();

  enum class TupleMode : std::uint8_t { kFull, kNoConditional, kPrimaries };
  /// An expression, or a tuple when commas follow. `end` is a name that ends it, if not empty.
  ExprPtr parse_tuple(TupleMode mode, std::string_view end, bool in_parentheses);

  NameId intern(const std::string& name);
  ExprPtr number(const Token& token) const;
  /// Counts one more link of a chain such as a + b + c, whose tree grows with every link.
  void count_link();

  /// What has been seen inside the macro or loop being parsed; mentions count for all that enclose them.
  struct Mentions {
    bool loop = false;
    bool varargs = false;
    bool kwargs = false;
    bool caller = false;
  };
  void note_mention(const std::string& name);

  const Limits& limits_;
  ParsedTemplate result_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::unordered_map<std::string, NameId> ids_;
  std::vector<Mentions*> mentions_;
  int depth_ = 0;     // of expressions and of statements within statements
  int links_ = 0;     // in the current tag so far
  int loops_ = 0;     // for-loops around the current statement, within the same macro
  int optional_ = 0;  // branches around it, where unknown filters and tests are an error only when reached
};

}  // namespace axllama::text::jinja
