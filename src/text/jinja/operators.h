#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "text/jinja/runtime.h"
#include "text/jinja/value.h"

namespace axllama::text::jinja {

// The operators of the expression language, with Python's meaning for every pair of types.

enum class BinaryOperator : std::uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kFloorDivide,
  kModulo,
  kPower
};
enum class Comparison : std::uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn
};

/// Whether the value counts as true: not undefined, none, false, zero or empty.
bool is_true(const Value& value);

/// 1 == 1.0 == true; lists, tuples and dicts are compared by their members.
bool equal(const Value& left, const Value& right, Budget& budget);
/// Orders numbers, strings, and lists or tuples among themselves; other pairs fail.
bool less(const Value& left, const Value& right, Budget& budget);
/// Whether `container` has `item`: substring, member, or key.
bool contains(const Value& container, const Value& item, Runtime& runtime);
bool compare(Comparison operation, const Value& left, const Value& right, Runtime& runtime);

Value apply(BinaryOperator operation, const Value& left, const Value& right, Runtime& runtime);
Value negate(const Value& value);
/// Unary plus.
Value affirm(const Value& value);

/// Equal values have equal hashes; lists and dicts fail.
std::size_t hash_value(const Value& value, Budget& budget);
std::size_t hash_text(std::string_view text) noexcept;

}  // namespace axllama::text::jinja
