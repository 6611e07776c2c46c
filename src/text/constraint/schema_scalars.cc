#include "text/constraint/schema_scalars.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "text/constraint/limits.h"
#include "text/constraint/number_grammar.h"
#include "text/constraint/pattern_texts.h"
#include "text/constraint/regex_grammar.h"
#include "text/constraint/schema_value.h"
#include "text/constraint/string_formats.h"

namespace axllama::text {
namespace {

using Json = nlohmann::ordered_json;
using Node = Grammar::Node;
using Shape = SchemaShape;

constexpr std::int64_t kLargestInteger = 999'999'999'999'999'999;  // 18 digits

/// Strings of a pattern whose length the shape bounds too.
class PatternString {
 public:
  PatternString(JsonGrammar& json, const Shape& shape) : json_(json), shape_(shape) {}

  /// Nothing where pattern and lengths cannot be brought together. `whole`: from beginning to end.
  std::optional<Node> run(std::string_view pattern, bool whole) {
    const PatternTexts texts(pattern, whole);
    const PatternTexts::Lengths& lengths = texts.lengths();
    const bool bounded = shape_.max_length != Grammar::kUnbounded;
    if (lengths.min >= shape_.min_length && (!bounded || lengths.max <= shape_.max_length)) {
      return json_.quoted(written(pattern, whole));
    }
    // One set of characters, again and again: the counts are the lengths.
    const auto characters = texts.run();
    if (!characters) return std::nullopt;
    return json_.quoted(json_.grammar().repeat(json_.character_in(*characters->set),
                                               std::max(characters->min, shape_.min_length),
                                               std::min(characters->max, shape_.max_length)));
  }

 private:
  Node written(std::string_view pattern, bool whole) {
    const Node around = json_.grammar().repeat(json_.any_character(), 0);
    RegexOptions options;
    if (!whole) options.around = &around;
    options.write = [this](const CharacterSet& set) { return json_.character_in(set); };
    return add_regex(json_.grammar(), pattern, options);
  }

  JsonGrammar& json_;
  const Shape& shape_;
};

std::string lengths_text(const Shape& shape) {
  return shape.max_length == Grammar::kUnbounded ? "\"minLength\"" : "\"maxLength\"";
}

Node add_pattern(JsonGrammar& json, const SchemaDocument& document, const Shape& shape) {
  const std::string& pattern = shape.pattern_schema->at("pattern").get_ref<const std::string&>();
  std::optional<Node> node;
  try {
    node = PatternString(json, shape).run(pattern, false);
  } catch (const base::Error& error) {
    document.refuse(*shape.pattern_schema, "pattern",
                    "cannot be used: " + error.message().substr(0, error.message().size() - 1));
  }
  if (!node) {
    document.refuse(*shape.pattern_schema, "pattern",
                    "allows other lengths than " + lengths_text(shape) +
                        ", and bringing the two together is not supported");
  }
  return *node;
}

Node add_format(JsonGrammar& json, const SchemaDocument& document, const Shape& shape) {
  const Json& schema = *shape.format_schema;
  const std::string& format = schema.at("format").get_ref<const std::string&>();
  for (const std::string_view pattern : format_patterns(format)) {
    if (const auto node = PatternString(json, shape).run(pattern, true)) return *node;
  }
  document.refuse(
      schema, "format",
      "is \"" + format + "\", whose texts have other lengths than " + lengths_text(shape) + " allows");
}

/// Whether `format` restricts strings; refuses those that a validator would check and this cannot make.
bool restricts(const SchemaDocument& document, const Json* schema) {
  if (schema == nullptr) return false;
  const std::string& format = schema->at("format").get_ref<const std::string&>();
  if (!format_patterns(format).empty()) return true;
  if (is_standard_format(format))
    document.refuse(*schema, "format", "is \"" + format + "\", which is not supported");
  return false;  // a name of the client's own says nothing
}

Node add_integer(JsonGrammar& json, const SchemaDocument& document, const Shape& shape) {
  std::int64_t low = -kLargestInteger;
  std::int64_t high = kLargestInteger;
  const auto limit = static_cast<double>(kLargestInteger);
  const auto too_large = [&](const NumberBound& bound) {
    document.refuse(*bound.schema, bound.keyword, "allows no number of at most 18 digits");
  };
  // Exact for integers; others are rounded inwards.
  for (const NumberBound& bound : shape.low) {
    const double value = bound.value.get<double>();
    if (value >= limit) too_large(bound);
    if (value <= -limit) continue;
    std::int64_t least = bound.value.is_number_integer() ? bound.value.get<std::int64_t>()
                                                         : static_cast<std::int64_t>(std::ceil(value));
    if (bound.exclusive && (bound.value.is_number_integer() || std::ceil(value) == value)) ++least;
    low = std::max(low, least);
  }
  for (const NumberBound& bound : shape.high) {
    const double value = bound.value.get<double>();
    if (value <= -limit) too_large(bound);
    if (value >= limit) continue;
    std::int64_t most = bound.value.is_number_integer() ? bound.value.get<std::int64_t>()
                                                        : static_cast<std::int64_t>(std::floor(value));
    if (bound.exclusive && (bound.value.is_number_integer() || std::floor(value) == value)) --most;
    high = std::min(high, most);
  }
  if (low > high) return json.grammar().never();
  // Where no bound is set, numbers stay short enough to be exact everywhere.
  constexpr std::int64_t kShort = 9'999'999'999'999'999;
  if (low == -kLargestInteger) low = std::min(-kShort, high);
  if (high == kLargestInteger) high = std::max(kShort, low);
  return add_integer_range(json.grammar(), low, high);
}

std::optional<DecimalBound> tightest(const SchemaDocument& document, const std::vector<NumberBound>& bounds,
                                     bool lower) {
  std::optional<DecimalBound> tightest;
  double best = 0;
  for (const NumberBound& bound : bounds) {
    const double value = bound.value.get<double>();
    const auto decimal = DecimalBound::of(value, bound.exclusive);
    if (!decimal) {
      document.refuse(*bound.schema, bound.keyword,
                      "is " + bound.value.dump() +
                          ", but bounds of numbers may have 15 digits before the point and "
                          "17 after it");
    }
    const bool tighter = lower ? value > best : value < best;
    if (!tightest || tighter || (value == best && bound.exclusive)) {
      tightest = decimal;
      best = value;
    }
  }
  return tightest;
}

}  // namespace

Node add_string(JsonGrammar& json, const SchemaDocument& document, const Shape& shape) {
  const bool has_format = restricts(document, shape.format_schema);
  if (shape.pattern_schema != nullptr) {
    if (has_format) {
      document.refuse(*shape.pattern_schema, "pattern", "is not supported together with \"format\"");
    }
    return add_pattern(json, document, shape);
  }
  if (has_format) return add_format(json, document, shape);
  return json.string_of(shape.min_length, shape.max_length);
}

Node add_number(JsonGrammar& json, const SchemaDocument& document, const Shape& shape) {
  const bool bounded = !shape.low.empty() || !shape.high.empty();
  if ((shape.types & Shape::kFraction) == 0) {
    return bounded ? add_integer(json, document, shape) : json.integer();
  }
  if (!bounded) return json.number();
  return add_number_range(json.grammar(), tightest(document, shape.low, true),
                          tightest(document, shape.high, false));
}

bool within_bounds(const Shape& shape, double value) {
  const auto above = [&](const NumberBound& bound) {
    const double low = bound.value.get<double>();
    return bound.exclusive ? value > low : value >= low;
  };
  const auto below = [&](const NumberBound& bound) {
    const double high = bound.value.get<double>();
    return bound.exclusive ? value < high : value <= high;
  };
  return std::all_of(shape.low.begin(), shape.low.end(), above) &&
         std::all_of(shape.high.begin(), shape.high.end(), below);
}

bool admits_value(const SchemaDocument& document, const Shape& shape, const Json& value) {
  if ((type_of_value(value) & shape.types) == 0) return false;
  if (value.is_number()) return within_bounds(shape, value.get<double>());
  if (value.is_string()) {
    for (const auto& [schema, keyword] :
         {std::pair(shape.pattern_schema, "pattern"), std::pair(shape.format_schema, "format")}) {
      if (schema != nullptr)
        document.refuse(*schema, keyword, "is not supported beside \"enum\" or \"const\"");
    }
    const std::size_t length = base::utf8_length(value.get_ref<const std::string&>());
    return length >= shape.min_length && length <= shape.max_length;
  }
  const bool about_arrays = !shape.first_items.empty() || shape.items || shape.min_items != 0 ||
                            shape.max_items != Grammar::kUnbounded;
  const bool about_objects = !shape.properties.empty() || shape.additional || shape.names ||
                             shape.min_properties != 0 || shape.max_properties != Grammar::kUnbounded;
  if ((value.is_array() && about_arrays) || (value.is_object() && about_objects)) {
    document.refuse(document.root(), "enum",
                    "of arrays or objects is not supported beside keywords about them");
  }
  return true;
}

}  // namespace axllama::text
