#include "text/jinja/interpreter.h"

#include <algorithm>

#include "text/jinja/error.h"
#include "text/jinja/globals.h"
#include "text/jinja/iteration.h"
#include "text/jinja/json_form.h"
#include "text/jinja/loop.h"
#include "text/jinja/operators.h"
#include "text/jinja/text_form.h"

namespace axllama::text::jinja {

Interpreter::Interpreter(const ParsedTemplate& parsed, const Limits& limits, const RenderOptions& options,
                         const nlohmann::ordered_json& variables)
    : Runtime(limits, options), parsed_(parsed), variables_(variables), globals_(parsed.names.size()) {}

std::string Interpreter::render() {
  scope_ = new_scope(nullptr);
  run(parsed_.body);
  return std::move(output_);
}

Scope* Interpreter::new_scope(Scope* parent) {
  if (free_scopes_.empty()) {
    budget().allocate(sizeof(Scope) + 4 * sizeof(std::pair<NameId, Value>));
    scopes_.push_back(std::make_unique<Scope>());
    free_scopes_.push_back(scopes_.back().get());
  }
  Scope* scope = free_scopes_.back();
  free_scopes_.pop_back();
  scope->parent = parent;
  return scope;
}

void Interpreter::drop_scope(Scope* scope) {
  if (!scope->captured) {
    scope->variables.clear();
    free_scopes_.push_back(scope);
  }
}

void Interpreter::capture(Scope* scope) {
  for (; scope != nullptr && !scope->captured; scope = scope->parent) {
    scope->captured = true;
  }
}

Interpreter::ScopeGuard::ScopeGuard(Interpreter& interpreter, Scope* parent)
    : interpreter_(interpreter), previous_(interpreter.scope_), scope_(interpreter.new_scope(parent)) {
  interpreter_.scope_ = scope_;
}

Interpreter::ScopeGuard::~ScopeGuard() {
  interpreter_.scope_ = previous_;
  interpreter_.drop_scope(scope_);
}

void Interpreter::ScopeGuard::renew() {
  if (scope_->captured) {
    scope_ = interpreter_.new_scope(scope_->parent);
    interpreter_.scope_ = scope_;
  } else {
    scope_->variables.clear();
  }
}

Value Interpreter::lookup(NameId name) {
  for (const Scope* scope = scope_; scope != nullptr; scope = scope->parent) {
    if (const Value* found = scope->find_here(name)) {
      return *found;
    }
  }
  std::optional<Value>& global = globals_[name];
  if (!global) {
    const std::string& text = parsed_.names[name];
    const auto variable = variables_.find(text);
    if (variable != variables_.end()) {
      global = from_json(*variable, *this);
    } else if (const Method* function = find_global(text)) {
      global = Value(make<Function>(function->name, function->native, Value::none()));
    } else {
      global = Value::undefined({.name = text});
    }
  }
  return *global;
}

void Interpreter::assign(const Target& target, const Value& value) {
  switch (target.kind) {
    case Target::Kind::kName:
      scope_->set(target.name, value);
      break;
    case Target::Kind::kAttribute: {
      const Value owner = lookup(target.name);
      if (!owner.is(ObjectKind::kNamespace)) {
        throw Failure(ErrorKind::kRuntime,
                      "only attributes of a namespace can be set, and '" + parsed_.names[target.name] +
                          "' is " + std::string(type_name(owner)),
                      target.offset);
      }
      owner.as<Namespace>().attributes.set(text(target.attribute), value, budget());
      break;
    }
    case Target::Kind::kTuple: {
      if (!is_iterable(value)) {
        fail("'" + std::string(type_name(value)) + "' cannot be unpacked into " +
             std::to_string(target.items.size()) + " names");
      }
      const std::vector<Value> items = items_of(value, *this);
      if (items.size() != target.items.size()) {
        fail(std::to_string(items.size()) + " values cannot be unpacked into " +
             std::to_string(target.items.size()) + " names");
      }
      for (std::size_t i = 0; i < items.size(); ++i) {
        assign(target.items[i], items[i]);
      }
      break;
    }
  }
}

void Interpreter::write(std::string_view text) {
  const std::size_t limit = budget().limits().max_output_bytes;
  if (text.size() > limit - std::min(limit, buffered_)) {
    throw Failure(ErrorKind::kLimit,
                  "the template's output is longer than " + std::to_string(limit) + " bytes");
  }
  budget().work(text.size());
  out_->append(text);
  buffered_ += text.size();
}

void Interpreter::write(const Value& value) {
  if (value.is_string()) {
    write(value.text());
  } else {
    write(to_text(value, *this));
  }
}

Interpreter::Capture::Capture(Interpreter& interpreter)
    : interpreter_(interpreter), previous_(interpreter.out_) {
  interpreter_.out_ = &text_;
}

Interpreter::Capture::~Capture() {
  interpreter_.out_ = previous_;
  interpreter_.buffered_ -= text_.size();
}

Value Interpreter::Capture::take() {
  return interpreter_.text(text_);
}

Interpreter::Flow Interpreter::run(const Body& body) {
  for (const StatementPtr& statement : body) {
    const Flow flow = run(*statement);
    if (flow != Flow::kNormal) {
      return flow;
    }
  }
  return Flow::kNormal;
}

Interpreter::Flow Interpreter::run(const Statement& statement) {
  try {
    const DepthGuard guard(depth_, budget().limits().max_depth, "the template's blocks and calls are");
    budget().step();
    return run_kind(statement);
  } catch (Failure& failure) {
    if (!failure.offset) {
      failure.offset = statement.offset;
    }
    throw;
  }
}

Interpreter::Flow Interpreter::run_kind(const Statement& statement) {
  switch (statement.kind) {
    case StatementKind::kText:
      write(static_cast<const TextStatement&>(statement).text);
      return Flow::kNormal;
    case StatementKind::kPrint:
      write(eval(*static_cast<const PrintStatement&>(statement).value));
      return Flow::kNormal;
    case StatementKind::kIf:
      return run_if(static_cast<const IfStatement&>(statement));
    case StatementKind::kFor:
      run_for(static_cast<const ForStatement&>(statement));
      return Flow::kNormal;
    case StatementKind::kSet: {
      const auto& set = static_cast<const SetStatement&>(statement);
      assign(set.target, eval(*set.value));
      return Flow::kNormal;
    }
    case StatementKind::kSetBlock:
      return run_set_block(static_cast<const SetBlockStatement&>(statement));
    case StatementKind::kMacro: {
      const auto& macro = static_cast<const MacroStatement&>(statement);
      scope_->set(macro.name, make_macro(macro.definition));
      return Flow::kNormal;
    }
    case StatementKind::kCallBlock: {
      const auto& block = static_cast<const CallBlockStatement&>(statement);
      const Value caller = make_macro(block.caller);
      write(eval_call(*block.call, &caller));
      return Flow::kNormal;
    }
    case StatementKind::kFilterBlock:
      return run_filter_block(static_cast<const FilterBlockStatement&>(statement));
    case StatementKind::kWith:
      return run_with(static_cast<const WithStatement&>(statement));
    case StatementKind::kScope: {
      const ScopeGuard guard(*this, scope_);
      return run(static_cast<const ScopeStatement&>(statement).body);
    }
    case StatementKind::kBreak:
      return Flow::kBreak;
    case StatementKind::kContinue:
      return Flow::kContinue;
  }
  return Flow::kNormal;
}

Interpreter::Flow Interpreter::run_if(const IfStatement& statement) {
  for (const auto& [test, body] : statement.branches) {
    if (is_true(eval(*test))) {
      return run(body);
    }
  }
  return run(statement.otherwise);
}

/// What the body writes goes to `text`, if it ends normally.
Interpreter::Flow Interpreter::run_captured(const Body& body, Value& text) {
  Capture capture(*this);
  const ScopeGuard guard(*this, scope_);
  const Flow flow = run(body);
  if (flow == Flow::kNormal) {
    text = capture.take();
  }
  return flow;
}

Interpreter::Flow Interpreter::run_set_block(const SetBlockStatement& statement) {
  Value text;
  const Flow flow = run_captured(statement.body, text);
  if (flow != Flow::kNormal) {
    return flow;
  }
  if (statement.filter != nullptr) {
    text = eval_filter(static_cast<const FilterExpr&>(*statement.filter), &text);
  }
  assign(statement.target, text);
  return Flow::kNormal;
}

Interpreter::Flow Interpreter::run_filter_block(const FilterBlockStatement& statement) {
  Value text;
  const Flow flow = run_captured(statement.body, text);
  if (flow != Flow::kNormal) {
    return flow;
  }
  write(eval_filter(static_cast<const FilterExpr&>(*statement.filter), &text));
  return Flow::kNormal;
}

Interpreter::Flow Interpreter::run_with(const WithStatement& statement) {
  std::vector<Value> values;  // all of them belong to the surroundings
  values.reserve(statement.assignments.size());
  for (const auto& [target, value] : statement.assignments) {
    values.push_back(eval(*value));
  }
  const ScopeGuard guard(*this, scope_);
  for (std::size_t i = 0; i < values.size(); ++i) {
    assign(statement.assignments[i].first, values[i]);
  }
  return run(statement.body);
}

}  // namespace axllama::text::jinja
