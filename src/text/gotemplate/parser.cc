#include "text/gotemplate/parser.h"

#include <algorithm>
#include <utility>

#include "text/gotemplate/error.h"
#include "text/gotemplate/lexer.h"
#include "text/gotemplate/limits.h"
#include "text/gotemplate/literal.h"

namespace axllama::text::gotemplate {
namespace {

/// Counts one level of nesting while alive.
class Nesting {
 public:
  Nesting(int& depth, std::uint32_t offset) : depth_(depth) {
    if (++depth_ > kMaxNesting) {
      throw Failure("the template is nested deeper than " + std::to_string(kMaxNesting) + " levels", offset);
    }
  }
  ~Nesting() { --depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  int& depth_;
};

class Parser {
 public:
  explicit Parser(std::string source) { result_.source = std::move(source); }

  ParsedTemplate run() {
    tokens_ = tokenize(result_.source);
    const std::string end = parse_body(result_.body);
    if (!end.empty()) {
      fail_here("unexpected '" + end + "'");
    }
    return std::move(result_);
  }

 private:
  const Token& current() const { return tokens_[at_]; }
  bool is(TokenType type) const { return current().type == type; }
  bool is_word(std::string_view word) const { return is(TokenType::kIdentifier) && current().text == word; }
  const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  void skip_space() {
    while (is(TokenType::kSpace)) {
      next();
    }
  }
  [[noreturn]] void fail_here(const std::string& message) const { throw Failure(message, current().offset); }
  [[noreturn]] void fail_unexpected(const std::string& where) const {
    fail_here("unexpected '" + (is(TokenType::kEnd) ? std::string("end of template") : current().text) +
              "' in " + where);
  }

  void end_action(const std::string& where) {
    skip_space();
    if (!is(TokenType::kActionEnd)) {
      fail_unexpected(where);
    }
    next();
  }

  /// Nodes up to an action that begins with `end` or `else`, whose word is
  /// consumed and returned, or to the end of the template, which returns "".
  std::string parse_body(Body& body) {
    const Nesting nesting(depth_, current().offset);
    while (!is(TokenType::kEnd)) {
      if (is(TokenType::kText)) {
        Node node{.kind = Node::Kind::kText, .offset = current().offset};
        node.text = next().text;
        body.push_back(std::move(node));
        continue;
      }
      next();  // {{
      skip_space();
      if (is_word("end") || is_word("else")) {
        return next().text;
      }
      parse_action(body);
    }
    return {};
  }

  void parse_action(Body& body) {
    Node node{.kind = Node::Kind::kAction, .offset = current().offset};
    const std::size_t scope = variables_.size();
    if (is_word("if")) {
      parse_control(node, Node::Kind::kIf, "if");
    } else if (is_word("with")) {
      parse_control(node, Node::Kind::kWith, "with");
    } else if (is_word("range")) {
      parse_control(node, Node::Kind::kRange, "range");
    } else if (is_word("break") || is_word("continue")) {
      parse_loop_control(node);
    } else if (is_word("define")) {
      parse_define();
      return;
    } else if (is_word("template") || is_word("block")) {
      parse_template_call(node);
    } else {
      node.pipeline = parse_pipeline("an action");
      end_action("an action");
      body.push_back(std::move(node));
      return;  // variables stay declared until the end of the block around
    }
    variables_.resize(scope);
    body.push_back(std::move(node));
  }

  void parse_control(Node& node, Node::Kind kind, const std::string& word) {
    node.kind = kind;
    next();
    loops_ += kind == Node::Kind::kRange ? 1 : 0;
    node.pipeline = parse_pipeline(word, kind == Node::Kind::kRange);
    end_action(word);
    std::string end = parse_body(node.body);
    loops_ -= kind == Node::Kind::kRange ? 1 : 0;
    if (end == "else") {
      skip_space();
      if ((kind == Node::Kind::kIf && is_word("if")) || (kind == Node::Kind::kWith && is_word("with"))) {
        // `else if` is one more `if` in the else part, closed by the same end.
        const Nesting nesting(depth_, current().offset);
        Node inner{.kind = kind, .offset = current().offset};
        parse_control(inner, kind, word);
        node.otherwise.push_back(std::move(inner));
        return;
      }
      end_action("else");
      end = parse_body(node.otherwise);
      if (end == "else") {
        fail_here("a second 'else'");
      }
    }
    if (end.empty()) {
      fail_here("'" + word + "' is not closed: 'end' is missing");
    }
    end_action("end");
  }

  void parse_loop_control(Node& node) {
    if (loops_ == 0) {
      fail_here("'" + current().text + "' is only possible inside a range");
    }
    node.kind = next().text == "break" ? Node::Kind::kBreak : Node::Kind::kContinue;
    end_action("break or continue");
  }

  std::string parse_template_name() {
    skip_space();
    if (!is(TokenType::kString)) {
      fail_unexpected("the name of a template");
    }
    return next().text;
  }

  void parse_define() {
    if (depth_ != 1) {
      fail_here("'define' is only possible outside of other blocks");
    }
    next();
    const std::string name = parse_template_name();
    end_action("define");
    parse_definition(name, "define");
  }

  void parse_definition(const std::string& name, const std::string& word) {
    const auto variables = std::exchange(variables_, {"$"});
    const int loops = std::exchange(loops_, 0);
    Body body;
    if (parse_body(body) != "end") {
      fail_here("'" + word + "' is not closed: 'end' is missing");
    }
    end_action("end");
    variables_ = variables;
    loops_ = loops;
    result_.definitions[name] = std::move(body);
  }

  void parse_template_call(Node& node) {
    const bool is_block = next().text == "block";
    node.kind = Node::Kind::kTemplate;
    node.text = parse_template_name();
    skip_space();
    node.has_pipeline = !is(TokenType::kActionEnd);
    if (node.has_pipeline) {
      node.pipeline = parse_pipeline("template");
    } else if (is_block) {
      fail_unexpected("block");
    }
    end_action("template");
    if (is_block) {
      parse_definition(node.text, "block");
    }
  }

  /// [$a[, $b] :=|=] command {| command}
  Pipeline parse_pipeline(const std::string& where, bool is_range = false) {
    const Nesting nesting(depth_, current().offset);
    skip_space();
    Pipeline pipeline;
    pipeline.offset = current().offset;
    parse_declarations(pipeline, is_range);
    while (true) {
      skip_space();
      if (!pipeline.commands.empty() && (is(TokenType::kActionEnd) || is(TokenType::kClose))) {
        break;  // Go allows a `|` with nothing behind it
      }
      pipeline.commands.push_back(parse_command(where));
      skip_space();
      if (!is(TokenType::kPipe)) {
        break;
      }
      next();
    }
    for (std::size_t i = 1; i < pipeline.commands.size(); ++i) {
      const Operand& first = pipeline.commands[i].operands.front();
      if (first.kind != Operand::Kind::kFunction) {
        throw Failure("only a function can take what a pipeline passes on", first.offset);
      }
    }
    if (pipeline.declares) {
      variables_.insert(variables_.end(), pipeline.variables.begin(), pipeline.variables.end());
    }
    return pipeline;
  }

  void parse_declarations(Pipeline& pipeline, bool is_range) {
    const std::size_t begin = at_;
    std::vector<std::string> names;
    while (is(TokenType::kVariable)) {
      names.push_back(next().text);
      skip_space();
      if (is(TokenType::kDeclare) || is(TokenType::kAssign)) {
        pipeline.declares = is(TokenType::kDeclare);
        if (!pipeline.declares) {
          for (const std::string& name : names) {
            expect_variable(name);
          }
        }
        next();
        pipeline.variables = std::move(names);
        return;
      }
      if (!is(TokenType::kComma) || !is_range || names.size() == 2) {
        break;
      }
      next();
      skip_space();
    }
    at_ = begin;  // only a value after all
  }

  void expect_variable(const std::string& name) const {
    if (std::find(variables_.begin(), variables_.end(), name) == variables_.end()) {
      fail_here("the variable '" + name + "' is not defined");
    }
  }

  Command parse_command(const std::string& where) {
    Command command;
    while (true) {
      skip_space();
      if (is(TokenType::kActionEnd) || is(TokenType::kPipe) || is(TokenType::kClose)) {
        break;
      }
      command.operands.push_back(parse_operand(where));
      if (!is(TokenType::kSpace) && !is(TokenType::kActionEnd) && !is(TokenType::kPipe) &&
          !is(TokenType::kClose)) {
        fail_unexpected(where);
      }
    }
    if (command.operands.empty()) {
      fail_here("a value is missing in " + where);
    }
    const Operand& first = command.operands.front();
    if (command.operands.size() > 1 && first.kind != Operand::Kind::kFunction) {
      throw Failure("only a function can have arguments", first.offset);
    }
    return command;
  }

  Operand parse_operand(const std::string& where) {
    Operand operand = parse_term(where);
    if (!is(TokenType::kField)) {
      return operand;
    }
    if (operand.kind == Operand::Kind::kConstant || operand.kind == Operand::Kind::kNil ||
        operand.kind == Operand::Kind::kDot) {
      fail_unexpected(where);
    }
    while (is(TokenType::kField)) {
      add_field(operand);
    }
    return operand;
  }

  void add_field(Operand& operand) {
    operand.fields.push_back(next().text);
    result_.fields.insert(operand.fields.back());
  }

  Operand parse_term(const std::string& where) {
    Operand operand;
    operand.offset = current().offset;
    switch (current().type) {
      case TokenType::kDot:
        next();
        operand.kind = Operand::Kind::kDot;
        break;
      case TokenType::kField:
        operand.kind = Operand::Kind::kField;
        add_field(operand);
        break;
      case TokenType::kVariable:
        operand.kind = Operand::Kind::kVariable;
        expect_variable(current().text);
        operand.name = next().text;
        break;
      case TokenType::kString:
        operand.kind = Operand::Kind::kConstant;
        operand.constant = Value::own(next().text);
        break;
      case TokenType::kCharacter:
      case TokenType::kInteger:
        operand.kind = Operand::Kind::kConstant;
        operand.constant = Value::own(parse_integer(next().text).value_or(0));
        break;
      case TokenType::kFloat:
        operand.kind = Operand::Kind::kConstant;
        operand.constant = Value::own(parse_float(next().text).value_or(0.0));
        break;
      case TokenType::kOpen:
        next();
        operand.kind = Operand::Kind::kPipeline;
        operand.pipeline = std::make_shared<const Pipeline>(parse_pipeline("parentheses"));
        if (!is(TokenType::kClose)) {
          fail_unexpected("parentheses");
        }
        next();
        break;
      case TokenType::kIdentifier:
        parse_word(operand);
        break;
      default:
        fail_unexpected(where);
    }
    return operand;
  }

  void parse_word(Operand& operand) {
    const std::string& word = current().text;
    if (word == "true" || word == "false") {
      operand.kind = Operand::Kind::kConstant;
      operand.constant = Value::own(word == "true");
    } else if (word == "nil") {
      operand.kind = Operand::Kind::kNil;
    } else {
      operand.kind = Operand::Kind::kFunction;
      operand.name = word;
      operand.function = find_function(word);
      if (operand.function == nullptr) {
        fail_here("there is no function '" + word + "'");
      }
    }
    next();
  }

  ParsedTemplate result_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::vector<std::string> variables_ = {"$"};
  int loops_ = 0;
  int depth_ = 0;
};

}  // namespace

ParsedTemplate parse_template(std::string source) {
  if (source.size() > kMaxSourceBytes) {
    throw Failure("the template has " + std::to_string(source.size()) + " bytes; the limit is " +
                      std::to_string(kMaxSourceBytes),
                  0);
  }
  return Parser(std::move(source)).run();
}

}  // namespace axllama::text::gotemplate
