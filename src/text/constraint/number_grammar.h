#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "text/constraint/grammar.h"

namespace axllama::text {

/// Whole numbers from `low` to `high`, both included, as JSON writes them. `low` <= `high`, and both have at
/// most 18 digits.
Grammar::Node add_integer_range(Grammar& grammar, std::int64_t low, std::int64_t high);

/// A bound of a number, as decimal digits: the text of JSON, which a comparison of doubles agrees with.
struct DecimalBound {
  bool negative = false;
  std::uint64_t whole = 0;
  std::string fraction;  // digits after the point, without zeros at the end
  bool exclusive = false;

  /// Nothing where the value needs more than 15 digits before the point or 17 after it.
  static std::optional<DecimalBound> of(double value, bool exclusive);
};

/// Numbers between the bounds, without an exponent and with no more digits than a double tells apart. Never
/// where there is none.
Grammar::Node add_number_range(Grammar& grammar, const std::optional<DecimalBound>& low,
                               const std::optional<DecimalBound>& high);

}  // namespace axllama::text
