#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "text/constraint/grammar.h"
#include "text/constraint/schema_document.h"

namespace axllama::text {

/// Subschemas that all hold for one value, flattened: `allOf` and `$ref` are followed.
struct SchemaConjunction {
  struct Member {
    const nlohmann::ordered_json* schema;
    bool any_of_chosen = false;  // one alternative of it is a member already
    bool one_of_chosen = false;
    auto operator<=>(const Member&) const = default;
  };
  std::vector<Member> members;
  /// Set when one of them is `false`.
  const nlohmann::ordered_json* never = nullptr;
  auto operator<=>(const SchemaConjunction&) const = default;
};

/// A bound of a number.
struct NumberBound {
  const nlohmann::ordered_json* schema = nullptr;  // where it stands
  const char* keyword = "";
  nlohmann::ordered_json value;
  bool exclusive = false;
};

/// What a conjunction without alternatives says, keyword by keyword.
struct SchemaShape {
  enum Type : std::uint8_t {
    kNull = 1,
    kBoolean = 2,
    kString = 4,
    kArray = 8,
    kObject = 16,
    kInteger = 32,
    kFraction = 64,  // numbers that are not integers
    kAllTypes = 127,
  };

  std::uint8_t types = kAllTypes;  // that are written: where none is named, those that keywords speak of
  std::uint8_t valid_types = kAllTypes;  // that are valid
  bool never = false;
  std::string never_because;

  std::optional<std::vector<nlohmann::ordered_json>> values;  // enum and const
  std::vector<NumberBound> low;
  std::vector<NumberBound> high;

  std::uint32_t min_length = 0;
  std::uint32_t max_length = Grammar::kUnbounded;
  const nlohmann::ordered_json* length_schema = nullptr;   // the last that bounds it
  const nlohmann::ordered_json* pattern_schema = nullptr;  // that has a pattern
  const nlohmann::ordered_json* format_schema = nullptr;   // that has a format

  std::vector<SchemaConjunction> first_items;
  std::optional<SchemaConjunction> items;  // further ones; unset: nothing is said
  std::uint32_t min_items = 0;
  std::uint32_t max_items = Grammar::kUnbounded;

  std::vector<std::pair<std::string, SchemaConjunction>> properties;
  std::vector<std::string> required;
  std::optional<SchemaConjunction> additional;
  std::optional<SchemaConjunction> names;  // of further properties
  std::uint32_t min_properties = 0;
  std::uint32_t max_properties = Grammar::kUnbounded;

  void exclude(std::string because) {
    if (!never) never_because = std::move(because);
    never = true;
  }
};

/// Adds `schema` and what it refers to. Throws Error (kInvalidArgument) for what is no schema, for keywords
/// that are not supported and for a reference that leads back to itself.
void add_to_conjunction(const SchemaDocument& document, const nlohmann::ordered_json& schema,
                        SchemaConjunction& conjunction);

/// The conjunction with each of the alternatives of an `anyOf` or `oneOf`, in their order.
struct SchemaAlternatives {
  const nlohmann::ordered_json* schema = nullptr;  // where the keyword stands
  const char* keyword = "";
  std::vector<SchemaConjunction> conjunctions;
};

/// Those of the first keyword of which none is chosen yet; nothing where there is no such keyword. Throws
/// Error (kInvalidArgument) like add_to_conjunction().
std::optional<SchemaAlternatives> alternatives_of(const SchemaDocument& document,
                                                  const SchemaConjunction& conjunction);

/// What the conjunction says but for alternatives that are not chosen. Throws Error (kInvalidArgument) for
/// keywords with wrong values.
SchemaShape shape_of(const SchemaDocument& document, const SchemaConjunction& conjunction);

}  // namespace axllama::text
