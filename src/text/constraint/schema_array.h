#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "text/constraint/json_grammar.h"
#include "text/constraint/schema_shape.h"

namespace axllama::text {

/// How many items the arrays of a shape are written with; `least` > `most`: there are none.
struct WrittenItems {
  std::uint32_t first = 0;  // of `first_items`, all of which are written
  std::uint32_t least = 0;
  std::uint32_t most = 0;  // Grammar::kUnbounded: any number
};

WrittenItems written_items(const SchemaShape& shape);

/// Arrays of a shape. `node_of` gives the part of a subschema, `never` notes a contradiction.
Grammar::Node add_array(JsonGrammar& json, const SchemaShape& shape,
                        const std::function<Grammar::Node(const SchemaConjunction&)>& node_of,
                        const std::function<Grammar::Node(const std::string&)>& never);

}  // namespace axllama::text
