#include "text/jinja/error.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/iteration.h"
#include "text/jinja/operators.h"
#include "text/jinja/subscript.h"
#include "text/jinja/text_form.h"

namespace axllama::text::jinja {

Value Interpreter::eval(const Expr& expr) {
  try {
    const DepthGuard guard(depth_, budget().limits().max_depth, "the template's expressions and calls are");
    budget().step();
    return eval_kind(expr);
  } catch (Failure& failure) {
    if (!failure.offset) {
      failure.offset = expr.offset;
    }
    throw;
  }
}

Value Interpreter::eval_kind(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kConstant:
      return static_cast<const ConstantExpr&>(expr).value;
    case ExprKind::kName:
      return lookup(static_cast<const NameExpr&>(expr).id);
    case ExprKind::kList:
      return list(eval_all(static_cast<const SequenceExpr&>(expr).items));
    case ExprKind::kTuple:
      return tuple(eval_all(static_cast<const SequenceExpr&>(expr).items));
    case ExprKind::kDict:
      return eval_dict(static_cast<const DictExpr&>(expr));
    case ExprKind::kUnary:
      return eval_unary(static_cast<const UnaryExpr&>(expr));
    case ExprKind::kBinary: {
      const auto& binary = static_cast<const BinaryExpr&>(expr);
      const Value left = eval(*binary.left);
      return apply(binary.operation, left, eval(*binary.right), *this);
    }
    case ExprKind::kLogic:
      return eval_logic(static_cast<const LogicExpr&>(expr));
    case ExprKind::kConcat:
      return eval_concat(static_cast<const ConcatExpr&>(expr));
    case ExprKind::kCompare:
      return eval_compare(static_cast<const CompareExpr&>(expr));
    case ExprKind::kConditional:
      return eval_conditional(static_cast<const ConditionalExpr&>(expr));
    case ExprKind::kAttribute: {
      const auto& attribute = static_cast<const AttributeExpr&>(expr);
      return get_attribute(eval(*attribute.object), attribute.name, *this);
    }
    case ExprKind::kItem:
      return eval_item(static_cast<const ItemExpr&>(expr));
    case ExprKind::kSlice:
      fail("a slice can only stand alone between brackets");
    case ExprKind::kCall:
      return eval_call(static_cast<const CallExpr&>(expr), nullptr);
    case ExprKind::kFilter:
      return eval_filter(static_cast<const FilterExpr&>(expr), nullptr);
    case ExprKind::kTest:
      return eval_test(static_cast<const TestExpr&>(expr));
  }
  return {};
}

std::vector<Value> Interpreter::eval_all(const std::vector<ExprPtr>& items) {
  std::vector<Value> values;
  values.reserve(items.size());
  for (const ExprPtr& item : items) {
    values.push_back(eval(*item));
  }
  return values;
}

Value Interpreter::eval_dict(const DictExpr& expr) {
  Dict* result = dict();
  for (const auto& [key, value] : expr.items) {
    Value key_value = eval(*key);
    result->set(std::move(key_value), eval(*value), budget());
  }
  return Value(result);
}

Value Interpreter::eval_unary(const UnaryExpr& expr) {
  const Value operand = eval(*expr.operand);
  switch (expr.operation) {
    case UnaryOperator::kNot:
      return Value(!is_true(operand));
    case UnaryOperator::kNegate:
      return negate(operand);
    case UnaryOperator::kAffirm:
      return affirm(operand);
  }
  return {};
}

Value Interpreter::eval_logic(const LogicExpr& expr) {
  Value left = eval(*expr.left);
  return is_true(left) == expr.is_and ? eval(*expr.right) : left;
}

Value Interpreter::eval_concat(const ConcatExpr& expr) {
  const std::vector<Value> items = eval_all(expr.items);
  std::string out;
  for (const Value& item : items) {
    append_text(out, item, *this);
  }
  return text(std::move(out));
}

Value Interpreter::eval_compare(const CompareExpr& expr) {
  Value left = eval(*expr.first);
  for (const auto& [operation, operand] : expr.rest) {
    Value right = eval(*operand);
    if (!compare(operation, left, right, *this)) {
      return Value(false);
    }
    left = std::move(right);
  }
  return Value(true);
}

Value Interpreter::eval_conditional(const ConditionalExpr& expr) {
  if (is_true(eval(*expr.test))) {
    return eval(*expr.then);
  }
  if (expr.otherwise != nullptr) {
    return eval(*expr.otherwise);
  }
  return Value::undefined({.name = "", .hint = "the inline if has no else and its condition is false"});
}

Value Interpreter::eval_item(const ItemExpr& expr) {
  const Value object = eval(*expr.object);
  if (expr.index->kind != ExprKind::kSlice) {
    return get_item(object, eval(*expr.index), *this);
  }
  const auto& slice = static_cast<const SliceExpr&>(*expr.index);
  const auto part = [&](const ExprPtr& given) { return given == nullptr ? Value::none() : eval(*given); };
  const Value start = part(slice.start);
  const Value stop = part(slice.stop);
  return get_slice(object, start, stop, part(slice.step), *this);
}

Value Interpreter::eval_call(const CallExpr& expr, const Value* caller) {
  const auto arguments = [&] {
    Arguments values = eval_arguments(expr.arguments);
    if (caller != nullptr) {
      values.named.emplace_back("caller", *caller);
    }
    return values;
  };
  if (expr.callee->kind == ExprKind::kAttribute) {
    // The common object.method(...), without making a bound method first.
    const auto& attribute = static_cast<const AttributeExpr&>(*expr.callee);
    const Value object = eval(*attribute.object);
    if (const Method* method = find_method(object, attribute.name)) {
      return method->native(*this, object, arguments());
    }
    const Value callee = get_attribute(object, attribute.name, *this);
    return call(callee, arguments());
  }
  const Value callee = eval(*expr.callee);
  return call(callee, arguments());
}

Value Interpreter::eval_filter(const FilterExpr& expr, const Value* block_text) {
  Value input;
  if (expr.input == nullptr) {
    input = *block_text;
  } else if (block_text != nullptr) {
    input = eval_filter(static_cast<const FilterExpr&>(*expr.input), block_text);
  } else {
    input = eval(*expr.input);
  }
  try {
    if (expr.filter == nullptr) {
      fail("there is no filter '" + expr.name + "'");
    }
    return expr.filter(*this, input, eval_arguments(expr.arguments));
  } catch (Failure& failure) {
    if (!failure.offset) {
      failure.offset = expr.offset;
    }
    throw;
  }
}

Value Interpreter::eval_test(const TestExpr& expr) {
  const Value input = eval(*expr.input);
  if (expr.predicate == nullptr) {
    fail("there is no test '" + expr.name + "'");
  }
  return Value(expr.predicate(*this, input, eval_arguments(expr.arguments)));
}

Arguments Interpreter::eval_arguments(const CallArguments& arguments) {
  Arguments values;
  values.positional = eval_all(arguments.positional);
  for (const auto& [name, value] : arguments.named) {
    values.named.emplace_back(name, eval(*value));
  }
  if (arguments.spread != nullptr) {
    for (Value& item : items_of(eval(*arguments.spread), *this)) {
      values.positional.push_back(std::move(item));
    }
  }
  if (arguments.spread_named != nullptr) {
    const Value spread = eval(*arguments.spread_named);
    if (!spread.is(ObjectKind::kDict)) {
      fail("'**' needs a dict, not '" + std::string(type_name(spread)) + "'");
    }
    for (const auto& [key, value] : spread.as<Dict>().entries()) {
      if (!key.is_string()) {
        fail("the names of arguments must be strings, not '" + std::string(type_name(key)) + "'");
      }
      values.named.emplace_back(key.text(), value);
    }
  }
  return values;
}

}  // namespace axllama::text::jinja
