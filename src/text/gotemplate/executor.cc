#include "text/gotemplate/executor.h"

#include <algorithm>

#include "text/gotemplate/error.h"
#include "text/gotemplate/limits.h"
#include "text/gotemplate/printing.h"

namespace axllama::text::gotemplate {
namespace {

/// Runs `work`; a failure in it without a place gets `offset`.
template <typename Work>
auto located(std::uint32_t offset, const Work& work) {
  try {
    return work();
  } catch (Failure& failure) {
    if (!failure.offset) {
      failure.offset = offset;
    }
    throw;
  }
}

bool is_function(const Operand& operand, std::string_view name) {
  return operand.kind == Operand::Kind::kFunction && operand.name == name;
}

bool mentions(const Pipeline& pipeline, std::string_view field) {
  return std::any_of(pipeline.commands.begin(), pipeline.commands.end(), [&](const Command& command) {
    return std::any_of(command.operands.begin(), command.operands.end(), [&](const Operand& operand) {
      return std::find(operand.fields.begin(), operand.fields.end(), field) != operand.fields.end() ||
             (operand.pipeline != nullptr && mentions(*operand.pipeline, field));
    });
  });
}

/// The first action, in the order of the source, that names the member.
const Node* first_mention(const Body& body, std::string_view field) {
  for (const Node& node : body) {
    const bool is_action = node.kind == Node::Kind::kAction;
    const Node* found = is_action && mentions(node.pipeline, field) ? &node : first_mention(node.body, field);
    found = found == nullptr ? first_mention(node.otherwise, field) : found;
    if (found != nullptr) {
      return found;
    }
  }
  return nullptr;
}

/// The name of a Go field in JSON: "ToolCallID" is "tool_call_id".
std::string snake_case(const std::string& name) {
  const auto is_upper = [&](std::size_t i) { return i < name.size() && name[i] >= 'A' && name[i] <= 'Z'; };
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (is_upper(i)) {
      out += i > 0 && !is_upper(i - 1) ? "_" : "";
      out += static_cast<char>(name[i] + 32);
    } else {
      out += name[i];
    }
  }
  return out;
}

/// The member by its own name, or by the name it has in JSON ("anyOf" and
/// "tool_calls" for AnyOf and ToolCalls).
Json::const_iterator find_member(const Json& object, const std::string& name) {
  auto found = object.find(name);
  if (found == object.end()) {
    std::string lower = name;
    lower[0] = lower[0] >= 'A' && lower[0] <= 'Z' ? static_cast<char>(lower[0] + 32) : lower[0];
    found = object.find(lower);
  }
  return found == object.end() ? object.find(snake_case(name)) : found;
}

}  // namespace

std::string Executor::run(const Value& data) {
  root_ = data;
  variables_ = {{"$", data}};
  run_body(parsed_.body, data);
  return std::move(out_);
}

std::string Executor::run_until(const Value& data, std::string_view field) {
  if (const Node* last = first_mention(parsed_.body, field)) {
    last_ = last->offset;
  }
  return run(data);
}

void Executor::step(std::uint64_t count) {
  steps_ += count;
  if (steps_ > kMaxSteps) {
    fail("the template takes more than " + std::to_string(kMaxSteps) + " steps to render");
  }
}

void Executor::write(std::string_view text) {
  step(text.size() / 64);
  if (text.size() > kMaxOutputBytes - out_.size()) {
    fail("the template's output is longer than " + std::to_string(kMaxOutputBytes) + " bytes");
  }
  out_ += text;
}

Executor::Flow Executor::run_body(const Body& body, const Value& dot) {
  const std::size_t scope = variables_.size();
  Flow flow = Flow::kNormal;
  for (const Node& node : body) {
    if (node.offset > last_) {
      break;
    }
    flow = located(node.offset, [&] { return run_node(node, dot); });
    if (flow != Flow::kNormal) {
      break;
    }
  }
  variables_.resize(scope);
  return flow;
}

Executor::Flow Executor::run_node(const Node& node, const Value& dot) {
  step();
  switch (node.kind) {
    case Node::Kind::kText:
      write(node.text);
      return Flow::kNormal;
    case Node::Kind::kAction: {
      const Value value = eval_pipeline(node.pipeline, dot);
      if (node.pipeline.variables.empty()) {
        write(print_value(value));
      }
      return Flow::kNormal;
    }
    case Node::Kind::kIf:
    case Node::Kind::kWith:
      return run_branch(node, dot);
    case Node::Kind::kRange:
      return run_range(node, dot);
    case Node::Kind::kTemplate:
      run_template(node, dot);
      return Flow::kNormal;
    case Node::Kind::kBreak:
      return Flow::kBreak;
    case Node::Kind::kContinue:
      return Flow::kContinue;
  }
  return Flow::kNormal;
}

Executor::Flow Executor::run_branch(const Node& node, const Value& dot) {
  const std::size_t scope = variables_.size();
  const Value value = eval_pipeline(node.pipeline, dot);
  const bool taken = is_true(value);
  const bool moves = taken && node.kind == Node::Kind::kWith;
  const Flow flow = run_body(taken ? node.body : node.otherwise, moves ? value : dot);
  variables_.resize(scope);
  return flow;
}

Executor::Flow Executor::run_range(const Node& node, const Value& dot) {
  const std::size_t scope = variables_.size();
  const Value over = eval_commands(node.pipeline, dot);
  const auto& names = node.pipeline.variables;
  const bool declares = node.pipeline.declares;
  bool any = false;
  Flow last = Flow::kNormal;
  const auto round = [&](const Value& key, const Value& item) {
    any = true;
    step();
    const std::size_t inner = variables_.size();
    if (names.size() == 2) {
      set_variable(names[0], key, declares);
    }
    if (!names.empty()) {
      set_variable(names.back(), item, declares);
    }
    last = run_body(node.body, item);
    variables_.resize(inner);
    return last == Flow::kNormal || last == Flow::kContinue;
  };
  if (over.is_list()) {
    std::int64_t at = 0;
    for (const Json& item : over.json()) {
      if (!round(Value::own(Json(at++)), over.part(item))) {
        break;
      }
    }
  } else if (over.is_map()) {
    for (const auto& [key, item] : over.json().items()) {
      if (!round(Value::own(Json(key)), over.part(item))) {
        break;
      }
    }
  } else if (over.is_integer()) {
    for (std::int64_t i = 0; i < over.integer(); ++i) {
      if (!round(Value::own(Json(i)), Value::own(Json(i)))) {
        break;
      }
    }
  } else if (!over.is_null()) {
    fail("range cannot walk through '" + std::string(type_name(over)) + "'");
  }
  if (!any) {
    last = run_body(node.otherwise, dot);
  }
  variables_.resize(scope);
  return any ? Flow::kNormal : last;
}

void Executor::run_template(const Node& node, const Value& dot) {
  const auto definition = parsed_.definitions.find(node.text);
  if (definition == parsed_.definitions.end()) {
    fail("there is no template \"" + node.text + "\"");
  }
  const Value inner_dot = node.has_pipeline ? eval_pipeline(node.pipeline, dot) : Value();
  if (depth_ >= kMaxCallDepth) {
    fail("templates call each other deeper than " + std::to_string(kMaxCallDepth) + " levels");
  }
  ++depth_;
  auto outer = std::exchange(variables_, {{"$", inner_dot}});
  run_body(definition->second, inner_dot);
  variables_ = std::move(outer);
  --depth_;
}

void Executor::set_variable(const std::string& name, const Value& value, bool declare) {
  if (declare) {
    variables_.emplace_back(name, value);
    return;
  }
  const auto found = std::find_if(variables_.rbegin(), variables_.rend(),
                                  [&](const auto& variable) { return variable.first == name; });
  if (found == variables_.rend()) {
    fail("the variable '" + name + "' is not defined");
  }
  found->second = value;
}

Value Executor::eval_pipeline(const Pipeline& pipeline, const Value& dot) {
  Value value = eval_commands(pipeline, dot);
  for (const std::string& name : pipeline.variables) {
    set_variable(name, value, pipeline.declares);
  }
  return value;
}

Value Executor::eval_commands(const Pipeline& pipeline, const Value& dot) {
  Value value;
  for (std::size_t i = 0; i < pipeline.commands.size(); ++i) {
    value = eval_command(pipeline.commands[i], dot, i == 0 ? nullptr : &value);
  }
  return value;
}

Value Executor::eval_command(const Command& command, const Value& dot, const Value* passed) {
  const Operand& first = command.operands.front();
  return located(first.offset, [&] {
    if (first.kind == Operand::Kind::kFunction) {
      return eval_function(command, dot, passed);
    }
    if (first.kind == Operand::Kind::kNil) {
      fail("nil is not a command");
    }
    return eval_operand(first, dot);
  });
}

Value Executor::eval_function(const Command& command, const Value& dot, const Value* passed) {
  const Function& function = *command.operands.front().function;
  const std::size_t count = command.operands.size() - 1 + (passed != nullptr ? 1 : 0);
  if (count < function.least || count > function.most) {
    fail("'" + std::string(function.name) + "' cannot take " + std::to_string(count) + " arguments");
  }
  std::vector<Value> arguments;
  arguments.reserve(count);
  const bool is_and = is_function(command.operands.front(), "and");
  const bool is_or = is_function(command.operands.front(), "or");
  for (std::size_t i = 1; i < command.operands.size(); ++i) {
    arguments.push_back(eval_operand(command.operands[i], dot));
    if ((is_and || is_or) && is_true(arguments.back()) == is_or) {
      return arguments.back();  // the others are not evaluated
    }
  }
  if (passed != nullptr) {
    arguments.push_back(*passed);
  }
  if (is_and || is_or) {
    return arguments.back();
  }
  step(count);
  Value result = function.call(context_, arguments);
  if (result.is_string()) {
    step(result.text().size() / 64);
    if (result.text().size() > context_.max_text_bytes) {
      fail("a text is longer than " + std::to_string(context_.max_text_bytes) + " bytes");
    }
  }
  return result;
}

Value Executor::eval_operand(const Operand& operand, const Value& dot) {
  step();
  return located(operand.offset, [&] {
    Value value = eval_term(operand, dot);
    bool is_root = operand.kind == Operand::Kind::kField || operand.kind == Operand::Kind::kVariable;
    for (const std::string& field : operand.fields) {
      value = member_of(value, field, is_root);
      is_root = false;
    }
    return value;
  });
}

Value Executor::eval_term(const Operand& operand, const Value& dot) {
  switch (operand.kind) {
    case Operand::Kind::kConstant:
      return operand.constant;
    case Operand::Kind::kNil:
      return {};
    case Operand::Kind::kDot:
    case Operand::Kind::kField:
      return dot;
    case Operand::Kind::kVariable: {
      const auto found = std::find_if(variables_.rbegin(), variables_.rend(),
                                      [&](const auto& variable) { return variable.first == operand.name; });
      if (found == variables_.rend()) {
        fail("the variable '" + operand.name + "' is not defined");
      }
      return found->second;
    }
    case Operand::Kind::kFunction: {
      const Command alone{.operands = {operand}};
      return eval_function(alone, dot, nullptr);
    }
    case Operand::Kind::kPipeline:
      return eval_pipeline(*operand.pipeline, dot);
  }
  return {};
}

Value Executor::member_of(const Value& owner, const std::string& name, bool is_root) const {
  if (!owner.is_map()) {
    fail("'" + std::string(type_name(owner)) + "' has no member '" + name + "'");
  }
  const auto found = find_member(owner.json(), name);
  if (found == owner.json().end()) {
    return {};
  }
  Value member = owner.part(*found);
  // The list of tools prints as JSON, unlike other lists.
  member.as_json = is_root && name == "Tools" && &owner.json() == &root_.json();
  return member;
}

}  // namespace axllama::text::gotemplate
