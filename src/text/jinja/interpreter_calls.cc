#include <algorithm>

#include "text/jinja/error.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/iteration.h"
#include "text/jinja/loop.h"
#include "text/jinja/operators.h"

namespace axllama::text::jinja {
namespace {

/// Ends a loop's helper object together with the loop, however it ends.
class LoopEnd {
 public:
  explicit LoopEnd(Loop* loop) : loop_(loop) {}
  ~LoopEnd() {
    if (loop_ != nullptr) {
      loop_->finish();
    }
  }
  LoopEnd(const LoopEnd&) = delete;
  LoopEnd& operator=(const LoopEnd&) = delete;

 private:
  Loop* loop_;
};

std::optional<Value> take_named(Arguments& arguments, std::string_view name) {
  const auto found = std::find_if(arguments.named.begin(), arguments.named.end(),
                                  [&](const auto& argument) { return argument.first == name; });
  if (found == arguments.named.end()) {
    return std::nullopt;
  }
  Value value = std::move(found->second);
  arguments.named.erase(found);
  return value;
}

}  // namespace

void Interpreter::run_for(const ForStatement& statement) {
  run_loop(statement, eval(*statement.iterable), scope_, 0);
}

void Interpreter::run_loop(const ForStatement& statement, const Value& iterable, Scope* surroundings,
                           int depth) {
  const std::vector<Value> items = items_of(iterable, *this);
  std::size_t position = 0;
  const Loop::Source next = [&]() -> std::optional<Value> {
    while (position < items.size()) {
      const Value& item = items[position++];
      budget().step();
      if (statement.filter == nullptr) {
        return item;
      }
      const ScopeGuard guard(*this, surroundings);
      assign(statement.target, item);
      if (is_true(eval(*statement.filter))) {
        return item;
      }
    }
    return std::nullopt;
  };
  Loop* loop = nullptr;
  if (statement.uses_loop || statement.recursive) {
    Loop::Recursion recursion;
    if (statement.recursive) {
      recursion = [&, surroundings, depth](const Value& inner) {
        const DepthGuard guard(depth_, budget().limits().max_depth, "recursive loops are");
        Capture capture(*this);
        run_loop(statement, inner, surroundings, depth + 1);
        return capture.take();
      };
    }
    loop = make<Loop>(next, std::move(recursion), depth);
  }
  const LoopEnd end(loop);

  bool completed = false;  // whether the body has run to its end once: `else` is for when it has not
  {
    ScopeGuard scope(*this, surroundings);
    const auto loop_name = std::find(parsed_.names.begin(), parsed_.names.end(), "loop");
    while (const auto item = loop != nullptr ? loop->advance() : next()) {
      scope.renew();
      assign(statement.target, *item);
      if (loop != nullptr && loop_name != parsed_.names.end()) {
        scope_->set(static_cast<NameId>(loop_name - parsed_.names.begin()), Value(loop));
      }
      const Flow flow = run(statement.body);
      if (flow == Flow::kBreak) {
        break;
      }
      completed |= flow == Flow::kNormal;
    }
  }
  if (!completed && !statement.otherwise.empty()) {
    const ScopeGuard scope(*this, surroundings);
    run(statement.otherwise);
  }
}

Value Interpreter::make_macro(const MacroDefinition& definition) {
  capture(scope_);
  return Value(make<Macro>(definition, *scope_));
}

Value Interpreter::call_macro(Macro& macro, Arguments arguments) {
  const DepthGuard guard(depth_, budget().limits().max_depth, "macro calls are");
  const MacroDefinition& definition = macro.definition;
  const ScopeGuard scope(*this, &macro.scope);
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < definition.parameters.size(); ++i) {
    const NameId name = definition.parameters[i].first;
    if (i < arguments.positional.size()) {
      scope_->set(name, arguments.positional[i]);
    } else if (auto given = take_named(arguments, parsed_.names[name])) {
      scope_->set(name, *std::move(given));
    } else {
      missing.push_back(i);
      scope_->set(name, Value::undefined({.name = parsed_.names[name]}));
    }
  }
  const auto name_id = [&](std::string_view name) {
    const auto found = std::find(parsed_.names.begin(), parsed_.names.end(), name);
    return static_cast<NameId>(found - parsed_.names.begin());
  };
  const std::string title = "macro " + macro.quoted_name();
  if (definition.takes_caller) {
    auto caller = take_named(arguments, "caller");
    scope_->set(name_id("caller"),
                caller
                    ? *std::move(caller)
                    : Value::undefined({.name = "caller", .hint = title + " is not called by a call block"}));
  }
  if (definition.takes_kwargs) {
    Dict* rest = dict();
    for (auto& [name, value] : arguments.named) {
      rest->set(text(name), std::move(value), budget());
    }
    scope_->set(name_id("kwargs"), Value(rest));
  } else if (!arguments.named.empty()) {
    fail(title + " has no parameter '" + arguments.named.front().first + "'");
  }
  const std::size_t used = std::min(definition.parameters.size(), arguments.positional.size());
  if (definition.takes_varargs) {
    scope_->set(name_id("varargs"), tuple({arguments.positional.begin() + static_cast<std::ptrdiff_t>(used),
                                           arguments.positional.end()}));
  } else if (arguments.positional.size() > definition.parameters.size()) {
    fail(title + " takes at most " + std::to_string(definition.parameters.size()) + " arguments, not " +
         std::to_string(arguments.positional.size()));
  }
  for (const std::size_t i : missing) {
    const auto& [name, otherwise] = definition.parameters[i];
    const std::string& text = parsed_.names[name];
    Value value = otherwise != nullptr
                      ? eval(*otherwise)
                      : Value::undefined({.name = text, .hint = "parameter '" + text + "' was not provided"});
    scope_->set(name, std::move(value));
  }
  Capture capture(*this);
  run(definition.body);
  return capture.take();
}

Value Interpreter::call(const Value& callee, Arguments arguments) {
  if (callee.is_undefined()) {
    callee.fail_undefined();
  }
  if (callee.is(ObjectKind::kFunction)) {
    const auto& function = callee.as<Function>();
    return function.native(*this, function.self, arguments);
  }
  if (callee.is(ObjectKind::kMacro)) {
    return call_macro(callee.as<Macro>(), std::move(arguments));
  }
  const std::size_t count = arguments.positional.size() + arguments.named.size();
  if (callee.is(ObjectKind::kLoop)) {
    if (count != 1 || arguments.positional.empty()) {
      fail("loop() takes one argument, what to loop over");
    }
    return callee.as<Loop>().recurse(arguments.positional.front());
  }
  if (callee.is(ObjectKind::kJoiner)) {
    if (count != 0) {
      fail("a joiner takes no arguments");
    }
    auto& joiner = callee.as<Joiner>();
    const bool first = !std::exchange(joiner.used, true);
    return first ? text("") : joiner.separator;
  }
  fail("'" + std::string(type_name(callee)) + "' is not a function");
}

}  // namespace axllama::text::jinja
