#include "text/jinja/predicates.h"

#include <algorithm>
#include <array>

#include "text/jinja/arguments.h"
#include "text/jinja/error.h"
#include "text/jinja/filters.h"
#include "text/jinja/iteration.h"
#include "text/jinja/operators.h"
#include "text/jinja/text_form.h"
#include "text/jinja/text_ops.h"
#include "text/jinja/unicode.h"

namespace axllama::text::jinja {
namespace {

using Simple = bool (*)(const Value& value);

/// A test without arguments that only looks at the value.
template <Simple kTest>
bool simple(Runtime& /*runtime*/, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("the test", arguments, {}, 0);
  return kTest(input);
}

bool is_defined(const Value& value) {
  return !value.is_undefined();
}
bool is_undefined(const Value& value) {
  return value.is_undefined();
}
bool is_none(const Value& value) {
  return value.is_none();
}
bool is_boolean(const Value& value) {
  return value.is_bool();
}
bool is_the_true(const Value& value) {
  return value.is_bool() && value.as_bool();
}
bool is_the_false(const Value& value) {
  return value.is_bool() && !value.as_bool();
}
bool is_integer(const Value& value) {
  return value.is_int();
}
bool is_float(const Value& value) {
  return value.is_float();
}
bool is_number(const Value& value) {
  return value.is_number();
}
bool is_string(const Value& value) {
  return value.is_string();
}
bool is_mapping(const Value& value) {
  return value.is(ObjectKind::kDict);
}
bool is_never(const Value& /*value*/) {
  return false;
}
bool is_walkable(const Value& value) {
  return is_iterable(value) || value.is(ObjectKind::kLoop);
}

bool is_sequence(const Value& value) {
  return value.is_undefined() || value.is_string() || value.is(ObjectKind::kList) ||
         value.is(ObjectKind::kTuple) || value.is(ObjectKind::kDict) || value.is(ObjectKind::kRange);
}

bool is_callable(const Value& value) {
  return value.is_undefined() || value.is(ObjectKind::kFunction) || value.is(ObjectKind::kMacro) ||
         value.is(ObjectKind::kLoop) || value.is(ObjectKind::kJoiner);
}

bool remainder_is(Runtime& runtime, const Value& input, std::int64_t divisor, std::int64_t remainder) {
  const Value rest = apply(BinaryOperator::kModulo, input, Value(divisor), runtime);
  return equal(rest, Value(remainder), runtime.budget());
}

bool odd(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("odd", arguments, {}, 0);
  return remainder_is(runtime, input, 2, 1);
}

bool even(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("even", arguments, {}, 0);
  return remainder_is(runtime, input, 2, 0);
}

bool divisible_by(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("divisibleby", arguments, {"num"}, 1);
  return equal(apply(BinaryOperator::kModulo, input, bound.at(0), runtime), Value(std::int64_t{0}),
               runtime.budget());
}

template <bool (*kIs)(char32_t), bool (*kIsNot)(char32_t)>
bool all_cased(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("the test", arguments, {}, 0);
  const std::u32string points = decode(to_text(input, runtime));
  return std::any_of(points.begin(), points.end(), kIs) &&
         std::none_of(points.begin(), points.end(), [](char32_t c) { return kIsNot(c) || is_titlecase(c); });
}

bool is_upper_point(char32_t c) {
  return is_upper(c);
}
bool is_lower_point(char32_t c) {
  return is_lower(c);
}

template <Comparison kComparison>
bool compared(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("the test", arguments, {"other"}, 1);
  return compare(kComparison, input, bound.at(0), runtime);
}

bool same_as(Runtime& /*runtime*/, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("sameas", arguments, {"other"}, 1);
  return input.same_as(bound.at(0));
}

bool is_filter(Runtime& /*runtime*/, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("filter", arguments, {}, 0);
  return input.is_string() && find_filter(input.text()) != nullptr;
}

bool is_test(Runtime& /*runtime*/, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("test", arguments, {}, 0);
  return input.is_string() && find_predicate(input.text()) != nullptr;
}

struct NamedPredicate {
  std::string_view name;
  Predicate predicate;
};

constexpr std::array kPredicates = {
    NamedPredicate{"defined", simple<is_defined>},
    NamedPredicate{"undefined", simple<is_undefined>},
    NamedPredicate{"none", simple<is_none>},
    NamedPredicate{"string", simple<is_string>},
    NamedPredicate{"mapping", simple<is_mapping>},
    NamedPredicate{"iterable", simple<is_walkable>},
    NamedPredicate{"sequence", simple<is_sequence>},
    NamedPredicate{"boolean", simple<is_boolean>},
    NamedPredicate{"true", simple<is_the_true>},
    NamedPredicate{"false", simple<is_the_false>},
    NamedPredicate{"integer", simple<is_integer>},
    NamedPredicate{"float", simple<is_float>},
    NamedPredicate{"number", simple<is_number>},
    NamedPredicate{"callable", simple<is_callable>},
    NamedPredicate{"escaped", simple<is_never>},
    NamedPredicate{"odd", odd},
    NamedPredicate{"even", even},
    NamedPredicate{"divisibleby", divisible_by},
    NamedPredicate{"upper", all_cased<is_upper_point, is_lower_point>},
    NamedPredicate{"lower", all_cased<is_lower_point, is_upper_point>},
    NamedPredicate{"in", compared<Comparison::kIn>},
    NamedPredicate{"==", compared<Comparison::kEqual>},
    NamedPredicate{"eq", compared<Comparison::kEqual>},
    NamedPredicate{"equalto", compared<Comparison::kEqual>},
    NamedPredicate{"!=", compared<Comparison::kNotEqual>},
    NamedPredicate{"ne", compared<Comparison::kNotEqual>},
    NamedPredicate{">", compared<Comparison::kGreater>},
    NamedPredicate{"gt", compared<Comparison::kGreater>},
    NamedPredicate{"greaterthan", compared<Comparison::kGreater>},
    NamedPredicate{">=", compared<Comparison::kGreaterEqual>},
    NamedPredicate{"ge", compared<Comparison::kGreaterEqual>},
    NamedPredicate{"<", compared<Comparison::kLess>},
    NamedPredicate{"lt", compared<Comparison::kLess>},
    NamedPredicate{"lessthan", compared<Comparison::kLess>},
    NamedPredicate{"<=", compared<Comparison::kLessEqual>},
    NamedPredicate{"le", compared<Comparison::kLessEqual>},
    NamedPredicate{"sameas", same_as},
    NamedPredicate{"filter", is_filter},
    NamedPredicate{"test", is_test},
};

}  // namespace

Predicate find_predicate(std::string_view name) noexcept {
  const auto* const found = std::find_if(kPredicates.begin(), kPredicates.end(),
                                         [&](const NamedPredicate& each) { return each.name == name; });
  return found == kPredicates.end() ? nullptr : found->predicate;
}

}  // namespace axllama::text::jinja
