#pragma once

#include <functional>
#include <string>

#include "text/constraint/json_grammar.h"
#include "text/constraint/schema_document.h"
#include "text/constraint/schema_shape.h"

namespace axllama::text {

/// Whether objects of a shape are written with properties that it does not name.
bool writes_further_properties(const SchemaShape& shape);

/// Objects of a shape: properties in order, those that are not required may be left out, further ones come
/// last. `node_of` gives the part of a subschema, `never` notes a contradiction.
Grammar::Node add_object(JsonGrammar& json, const SchemaDocument& document, const SchemaShape& shape,
                         const std::function<Grammar::Node(const SchemaConjunction&)>& node_of,
                         const std::function<Grammar::Node(const std::string&)>& never);

}  // namespace axllama::text
