#pragma once

#include <nlohmann/json.hpp>

#include "text/constraint/json_grammar.h"
#include "text/constraint/schema_document.h"
#include "text/constraint/schema_shape.h"

namespace axllama::text {

/// Strings of a shape: its lengths, pattern or format. Throws Error (kInvalidArgument) where these cannot be
/// brought together.
Grammar::Node add_string(JsonGrammar& json, const SchemaDocument& document, const SchemaShape& shape);

/// Numbers of a shape; never() where its bounds exclude each other.
Grammar::Node add_number(JsonGrammar& json, const SchemaDocument& document, const SchemaShape& shape);

/// Whether a number satisfies the bounds of the shape.
bool within_bounds(const SchemaShape& shape, double value);

/// Whether a value of `enum` or `const` satisfies the rest of the shape. Throws Error (kInvalidArgument) for
/// a keyword that would have to be tried on the value.
bool admits_value(const SchemaDocument& document, const SchemaShape& shape,
                  const nlohmann::ordered_json& value);

}  // namespace axllama::text
