#include <cmath>
#include <string>

#include "text/jinja/error.h"
#include "text/jinja/operators.h"
#include "text/jinja/printf_format.h"

namespace axllama::text::jinja {
namespace {

const char* symbol_of(BinaryOperator operation) {
  switch (operation) {
    case BinaryOperator::kAdd:
      return "+";
    case BinaryOperator::kSubtract:
      return "-";
    case BinaryOperator::kMultiply:
      return "*";
    case BinaryOperator::kDivide:
      return "/";
    case BinaryOperator::kFloorDivide:
      return "//";
    case BinaryOperator::kModulo:
      return "%";
    case BinaryOperator::kPower:
      return "**";
  }
  return "?";
}

[[noreturn]] void fail_overflow() {
  fail("the result does not fit into a 64-bit integer");
}
[[noreturn]] void fail_zero() {
  fail("division by zero");
}

std::int64_t power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  while (true) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) {
      fail_overflow();
    }
    exponent >>= 1;
    if (exponent == 0) {
      return result;
    }
    if (__builtin_mul_overflow(base, base, &base)) {
      fail_overflow();
    }
  }
}

double float_power(double base, double exponent) {
  if (base == 0.0 && exponent < 0.0) {
    fail_zero();
  }
  if (base < 0.0 && std::isfinite(exponent) && std::floor(exponent) != exponent) {
    fail("a negative number has no real power with a fraction");
  }
  const double result = std::pow(base, exponent);
  if (std::isinf(result) && std::isfinite(base) && std::isfinite(exponent)) {
    fail("the result of '**' is too large");
  }
  return result;
}

Value apply_integers(BinaryOperator operation, std::int64_t left, std::int64_t right) {
  std::int64_t result = 0;
  bool overflow = false;
  switch (operation) {
    case BinaryOperator::kAdd:
      overflow = __builtin_add_overflow(left, right, &result);
      break;
    case BinaryOperator::kSubtract:
      overflow = __builtin_sub_overflow(left, right, &result);
      break;
    case BinaryOperator::kMultiply:
      overflow = __builtin_mul_overflow(left, right, &result);
      break;
    case BinaryOperator::kDivide:
      if (right == 0) {
        fail_zero();
      }
      return Value(static_cast<double>(left) / static_cast<double>(right));
    case BinaryOperator::kFloorDivide:
    case BinaryOperator::kModulo: {
      if (right == 0) {
        fail_zero();
      }
      if (right == -1) {  // the one quotient that may not fit
        if (operation == BinaryOperator::kModulo) {
          return Value(std::int64_t{0});
        }
        overflow = __builtin_sub_overflow(std::int64_t{0}, left, &result);
        break;
      }
      const std::int64_t remainder = left % right;
      const bool adjust = remainder != 0 && (remainder < 0) != (right < 0);
      if (operation == BinaryOperator::kModulo) {
        result = adjust ? remainder + right : remainder;
      } else {
        result = left / right - (adjust ? 1 : 0);
      }
      break;
    }
    case BinaryOperator::kPower:
      if (right < 0) {
        return Value(float_power(static_cast<double>(left), static_cast<double>(right)));
      }
      return Value(power(left, right));
  }
  if (overflow) {
    fail_overflow();
  }
  return Value(result);
}

double float_modulo(double left, double right) {
  const double remainder = std::fmod(left, right);
  if (remainder == 0.0) {
    return std::copysign(0.0, right);
  }
  return (remainder < 0.0) != (right < 0.0) ? remainder + right : remainder;
}

Value apply_floats(BinaryOperator operation, double left, double right) {
  const bool divides = operation == BinaryOperator::kDivide || operation == BinaryOperator::kFloorDivide ||
                       operation == BinaryOperator::kModulo;
  if (divides && right == 0.0) {
    fail_zero();
  }
  switch (operation) {
    case BinaryOperator::kAdd:
      return Value(left + right);
    case BinaryOperator::kSubtract:
      return Value(left - right);
    case BinaryOperator::kMultiply:
      return Value(left * right);
    case BinaryOperator::kDivide:
      return Value(left / right);
    case BinaryOperator::kModulo:
      return Value(float_modulo(left, right));
    case BinaryOperator::kFloorDivide: {
      const double quotient = (left - float_modulo(left, right)) / right;
      if (quotient == 0.0) {
        return Value(std::copysign(0.0, left / right));
      }
      const double floored = std::floor(quotient);
      return Value(quotient - floored > 0.5 ? floored + 1.0 : floored);
    }
    case BinaryOperator::kPower:
      return Value(float_power(left, right));
  }
  return {};
}

std::size_t repeats(const Value& count) {
  const std::int64_t times = count.as_int();
  return times > 0 ? static_cast<std::size_t>(times) : 0;
}

/// Fails when `size` repeated `times` could not be held; the product below cannot wrap then.
void expect_room_for(std::size_t size, std::size_t times, Budget& budget) {
  if (size != 0 && times > budget.limits().max_memory_bytes / size) {
    budget.expect_room(budget.limits().max_memory_bytes + 1);
  }
  budget.expect_room(size * times);
}

Value repeat(const Value& sequence, std::size_t times, Runtime& runtime) {
  if (sequence.is_string()) {
    const std::string& unit = sequence.text();
    expect_room_for(unit.size(), times, runtime.budget());
    std::string out;
    out.reserve(unit.size() * times);
    for (std::size_t i = 0; i < times && !unit.empty(); ++i) {
      out += unit;
    }
    return runtime.text(std::move(out));
  }
  const bool is_list = sequence.is(ObjectKind::kList);
  const auto& unit = is_list ? sequence.as<List>().items : sequence.as<Tuple>().items;
  expect_room_for(unit.size() * sizeof(Value), times, runtime.budget());
  std::vector<Value> out;
  out.reserve(unit.size() * times);
  for (std::size_t i = 0; i < times && !unit.empty(); ++i) {
    out.insert(out.end(), unit.begin(), unit.end());
  }
  return is_list ? runtime.list(std::move(out)) : runtime.tuple(std::move(out));
}

bool is_sequence(const Value& value) {
  return value.is_string() || value.is(ObjectKind::kList) || value.is(ObjectKind::kTuple);
}

template <typename Sequence>
std::vector<Value> joined(const Value& left, const Value& right, Budget& budget) {
  std::vector<Value> items = left.as<Sequence>().items;
  const auto& more = right.as<Sequence>().items;
  budget.expect_room((items.size() + more.size()) * sizeof(Value));
  items.insert(items.end(), more.begin(), more.end());
  return items;
}

}  // namespace

Value apply(BinaryOperator operation, const Value& left, const Value& right, Runtime& runtime) {
  if (left.is_number() && right.is_number()) {
    if (left.is_float() || right.is_float()) {
      return apply_floats(operation, left.as_float(), right.as_float());
    }
    return apply_integers(operation, left.as_int(), right.as_int());
  }
  if (operation == BinaryOperator::kModulo && left.is_string()) {
    return runtime.text(format_printf(left.text(), right, runtime));
  }
  for (const Value* side : {&left, &right}) {
    if (side->is_undefined()) {
      side->fail_undefined();
    }
  }
  if (operation == BinaryOperator::kAdd) {
    if (left.is_string() && right.is_string()) {
      runtime.budget().expect_room(left.text().size() + right.text().size());
      return runtime.text(left.text() + right.text());
    }
    if (left.is(ObjectKind::kList) && right.is(ObjectKind::kList)) {
      return runtime.list(joined<List>(left, right, runtime.budget()));
    }
    if (left.is(ObjectKind::kTuple) && right.is(ObjectKind::kTuple)) {
      return runtime.tuple(joined<Tuple>(left, right, runtime.budget()));
    }
  }
  if (operation == BinaryOperator::kMultiply) {
    if (is_sequence(left) && right.is_integral()) {
      return repeat(left, repeats(right), runtime);
    }
    if (left.is_integral() && is_sequence(right)) {
      return repeat(right, repeats(left), runtime);
    }
  }
  fail("'" + std::string(symbol_of(operation)) + "' is not defined for '" + std::string(type_name(left)) +
       "' and '" + std::string(type_name(right)) + "'");
}

Value negate(const Value& value) {
  if (value.is_float()) {
    return Value(-value.as_float());
  }
  if (value.is_integral()) {
    return apply_integers(BinaryOperator::kSubtract, 0, value.as_int());
  }
  if (value.is_undefined()) {
    value.fail_undefined();
  }
  fail("'-' is not defined for '" + std::string(type_name(value)) + "'");
}

Value affirm(const Value& value) {
  if (value.is_float()) {
    return value;
  }
  if (value.is_integral()) {
    return Value(value.as_int());
  }
  if (value.is_undefined()) {
    value.fail_undefined();
  }
  fail("'+' is not defined for '" + std::string(type_name(value)) + "'");
}

}  // namespace axllama::text::jinja
