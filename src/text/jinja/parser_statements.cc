#include <algorithm>

#include "text/jinja/error.h"
#include "text/jinja/parser_impl.h"

namespace axllama::text::jinja {
namespace {

bool is_reserved(const std::string& name) {
  return name == "true" || name == "false" || name == "none" || name == "True" || name == "False" ||
         name == "None";
}

std::string joined_tags(std::initializer_list<std::string_view> tags) {
  std::string out;
  for (const std::string_view tag : tags) {
    out += (out.empty() ? "'" : " or '") + std::string(tag) + "'";
  }
  return out;
}

}  // namespace

ParsedTemplate parse_template(std::string source, const Limits& limits) {
  if (source.size() > limits.max_source_bytes) {
    throw Failure(ErrorKind::kLimit,
                  "the template has " + std::to_string(source.size()) + " bytes; the limit is " +
                      std::to_string(limits.max_source_bytes),
                  0);
  }
  return Parser(std::move(source), limits).run();
}

Parser::Parser(std::string source, const Limits& limits) : limits_(limits) {
  result_.source = normalize_source(source);
  tokens_ = tokenize(result_.source);
}

ParsedTemplate Parser::run() {
  try {
    result_.body = parse_until({}, "");
  } catch (Failure& failure) {
    if (!failure.offset) {
      failure.offset = current().offset;
    }
    throw;
  }
  return std::move(result_);
}

/// Statements up to, and not including, the name of an end tag, whose "{%" is passed.
Body Parser::parse_until(EndTags ends, std::string_view tag) {
  const DepthGuard guard(depth_, limits_.max_nesting, "statements and expressions are");
  Body body;
  while (true) {
    const std::uint32_t offset = current().offset;
    links_ = 0;
    switch (current().type) {
      case TokenType::kData:
        body.push_back(std::make_unique<TextStatement>(offset, next().text));
        break;
      case TokenType::kVariableBegin: {
        next();
        auto value = parse_tuple(TupleMode::kFull, {}, false);
        body.push_back(std::make_unique<PrintStatement>(offset, std::move(value)));
        expect(TokenType::kVariableEnd, "'}}'");
        break;
      }
      case TokenType::kBlockBegin:
        next();
        if (current().type == TokenType::kName &&
            std::find(ends.begin(), ends.end(), current().text) != ends.end()) {
          return body;
        }
        body.push_back(parse_statement());
        expect(TokenType::kBlockEnd, "'%}'");
        break;
      case TokenType::kError:
        fail_at(offset, current().text);
      default:
        if (ends.size() != 0) {
          fail_here("the template ends inside '" + std::string(tag) + "': " + joined_tags(ends) +
                    " is missing");
        }
        return body;
    }
  }
}

Body Parser::parse_body(EndTags ends, std::string_view tag) {
  skip_operator(":");
  expect(TokenType::kBlockEnd, "'%}'");
  return parse_until(ends, tag);
}

StatementPtr Parser::parse_statement() {
  if (current().type != TokenType::kName) {
    fail_here("a tag must begin with a name, not with " + describe_current());
  }
  const std::string_view tag = current().text;  // tokens stay where they are
  if (tag == "if") {
    return parse_if();
  }
  if (tag == "for") {
    return parse_for();
  }
  if (tag == "set") {
    return parse_set();
  }
  if (tag == "macro") {
    return parse_macro();
  }
  if (tag == "call") {
    return parse_call_block();
  }
  if (tag == "filter") {
    return parse_filter_block();
  }
  if (tag == "with") {
    return parse_with();
  }
  if (tag == "print") {
    return parse_print();
  }
  if (tag == "autoescape" || tag == "generation") {
    return parse_scope(tag);
  }
  if (tag == "break" || tag == "continue") {
    return parse_loop_control();
  }
  if (tag == "include" || tag == "import" || tag == "from" || tag == "extends" || tag == "block") {
    fail_here("'" + std::string(tag) +
              "' is not supported: a chat template is one text and cannot refer to others");
  }
  fail_here("unknown tag '" + std::string(tag) + "'");
}

StatementPtr Parser::parse_if() {
  auto statement = std::make_unique<IfStatement>(next().offset);
  ++optional_;
  while (true) {
    ExprPtr test = parse_tuple(TupleMode::kNoConditional, {}, false);
    statement->branches.emplace_back(std::move(test), parse_body({"elif", "else", "endif"}, "if"));
    const Token tag = next();
    if (tag.text == "elif") {
      continue;
    }
    if (tag.text == "else") {
      statement->otherwise = parse_body({"endif"}, "if");
      next();
    }
    break;
  }
  --optional_;
  return statement;
}

StatementPtr Parser::parse_for() {
  auto statement = std::make_unique<ForStatement>(next().offset);
  statement->target = parse_target(false, true);
  if (statement->target.kind == Target::Kind::kName && result_.names[statement->target.name] == "loop") {
    fail_at(statement->target.offset, "'loop' cannot be the variable of a loop");
  }
  expect_name("in");
  statement->iterable = parse_tuple(TupleMode::kNoConditional, "recursive", false);
  if (skip_name("if")) {
    statement->filter = parse_expression();
  }
  statement->recursive = skip_name("recursive");

  Mentions mentions;
  mentions_.push_back(&mentions);
  ++loops_;
  statement->body = parse_body({"endfor", "else"}, "for");
  --loops_;
  mentions_.pop_back();
  statement->uses_loop = mentions.loop;
  if (next().text == "else") {
    statement->otherwise = parse_body({"endfor"}, "for");
    next();
  }
  return statement;
}

StatementPtr Parser::parse_set() {
  const std::uint32_t offset = next().offset;
  Target target = parse_target(true, false);
  if (loops_ > 0 && target.kind == Target::Kind::kName && result_.names[target.name] == "loop") {
    fail_at(target.offset, "'loop' cannot be set inside a loop");
  }
  if (skip_operator("=")) {
    auto statement = std::make_unique<SetStatement>(offset);
    statement->target = std::move(target);
    statement->value = parse_tuple(TupleMode::kFull, {}, false);
    return statement;
  }
  auto statement = std::make_unique<SetBlockStatement>(offset);
  statement->target = std::move(target);
  statement->filter = parse_filter_chain(nullptr, false);
  statement->body = parse_body({"endset"}, "set");
  next();
  return statement;
}

StatementPtr Parser::parse_macro() {
  auto statement = std::make_unique<MacroStatement>(next().offset);
  const Target name = parse_name_target();
  statement->name = name.name;
  statement->definition.name = result_.names[name.name];
  parse_signature(statement->definition);
  parse_macro_body(statement->definition, "macro");
  return statement;
}

StatementPtr Parser::parse_call_block() {
  auto statement = std::make_unique<CallBlockStatement>(next().offset);
  if (is_operator("(")) {
    parse_signature(statement->caller);
  }
  const std::uint32_t offset = current().offset;
  ExprPtr call = parse_expression();
  if (call->kind != ExprKind::kCall) {
    fail_at(offset, "'call' needs a call of a macro");
  }
  statement->call.reset(static_cast<CallExpr*>(call.release()));
  parse_macro_body(statement->caller, "call");
  return statement;
}

void Parser::parse_signature(MacroDefinition& definition) {
  expect_operator("(");
  bool has_defaults = false;
  while (!is_operator(")")) {
    if (!definition.parameters.empty()) {
      expect_operator(",");
    }
    const Target name = parse_name_target();
    ExprPtr otherwise;
    if (skip_operator("=")) {
      otherwise = parse_expression();
      has_defaults = true;
    } else if (has_defaults) {
      fail_here("a parameter without a default follows one with a default");
    }
    definition.parameters.emplace_back(name.name, std::move(otherwise));
  }
  expect_operator(")");
}

void Parser::parse_macro_body(MacroDefinition& definition, std::string_view tag) {
  Mentions mentions;
  mentions_.push_back(&mentions);
  const int loops = std::exchange(loops_, 0);
  definition.body = tag == "macro" ? parse_body({"endmacro"}, tag) : parse_body({"endcall"}, tag);
  loops_ = loops;
  next();
  mentions_.pop_back();
  const auto is_parameter = [&](std::string_view name) {
    return std::any_of(definition.parameters.begin(), definition.parameters.end(),
                       [&](const auto& parameter) { return result_.names[parameter.first] == name; });
  };
  definition.takes_varargs = mentions.varargs && !is_parameter("varargs");
  definition.takes_kwargs = mentions.kwargs && !is_parameter("kwargs");
  definition.takes_caller = mentions.caller && !is_parameter("caller");
}

StatementPtr Parser::parse_filter_block() {
  auto statement = std::make_unique<FilterBlockStatement>(next().offset);
  statement->filter = parse_filter_chain(nullptr, true);
  statement->body = parse_body({"endfilter"}, "filter");
  next();
  return statement;
}

StatementPtr Parser::parse_with() {
  auto statement = std::make_unique<WithStatement>(next().offset);
  while (current().type != TokenType::kBlockEnd) {
    if (!statement->assignments.empty()) {
      expect_operator(",");
    }
    Target target = parse_target(false, false);
    expect_operator("=");
    statement->assignments.emplace_back(std::move(target), parse_expression());
  }
  statement->body = parse_body({"endwith"}, "with");
  next();
  return statement;
}

StatementPtr Parser::parse_scope(std::string_view tag) {
  auto statement = std::make_unique<ScopeStatement>(next().offset);
  if (tag == "autoescape") {
    parse_expression();  // templates make prompts, not HTML: nothing is ever escaped
    statement->body = parse_body({"endautoescape"}, tag);
  } else {
    // Like the body of a call block, it cannot leave the loop around it.
    const int loops = std::exchange(loops_, 0);
    statement->body = parse_body({"endgeneration"}, tag);
    loops_ = loops;
  }
  next();
  return statement;
}

StatementPtr Parser::parse_print() {
  const std::uint32_t offset = next().offset;
  auto scope = std::make_unique<IfStatement>(offset);  // a list of statements without a scope of its own
  while (current().type != TokenType::kBlockEnd) {
    if (!scope->otherwise.empty()) {
      expect_operator(",");
    }
    const std::uint32_t at = current().offset;
    scope->otherwise.push_back(std::make_unique<PrintStatement>(at, parse_expression()));
  }
  return scope;
}

StatementPtr Parser::parse_loop_control() {
  const Token tag = next();
  if (loops_ == 0) {
    fail_at(tag.offset, "'" + tag.text + "' is only possible inside a loop");
  }
  return std::make_unique<Statement>(tag.text == "break" ? StatementKind::kBreak : StatementKind::kContinue,
                                     tag.offset);
}

Target Parser::parse_name_target() {
  const Token token = expect(TokenType::kName, "a name");
  if (is_reserved(token.text)) {
    fail_at(token.offset, "'" + token.text + "' cannot be assigned to");
  }
  return {.kind = Target::Kind::kName, .offset = token.offset, .name = intern(token.text)};
}

Target Parser::parse_target(bool with_attribute, bool until_in) {
  if (with_attribute && current().type == TokenType::kName && is_operator(ahead(), ".")) {
    const Token name = next();
    next();
    const Token attribute = expect(TokenType::kName, "the name of an attribute");
    return {.kind = Target::Kind::kAttribute,
            .offset = name.offset,
            .name = intern(name.text),
            .attribute = attribute.text};
  }
  const ExprPtr expr = parse_tuple(TupleMode::kPrimaries, until_in ? "in" : "", false);
  return as_target(*expr);
}

Target Parser::as_target(Expr& expr) const {
  if (expr.kind == ExprKind::kName) {
    return {.kind = Target::Kind::kName, .offset = expr.offset, .name = static_cast<NameExpr&>(expr).id};
  }
  if (expr.kind != ExprKind::kTuple) {
    fail_at(expr.offset, "only names, tuples of names and attributes of namespaces can be assigned to");
  }
  Target target{.kind = Target::Kind::kTuple, .offset = expr.offset};
  for (const ExprPtr& item : static_cast<SequenceExpr&>(expr).items) {
    target.items.push_back(as_target(*item));
  }
  return target;
}

}  // namespace axllama::text::jinja
