#pragma once

#include <nlohmann/json.hpp>

#include "text/constraint/json_grammar.h"

namespace axllama::text {

/// The JSON texts that a schema (2020-12, and what is common of older drafts) accepts, as a part without
/// white space around it. Properties come in the schema's order. Where the schema leaves open which further
/// properties or items there may be, there are none, but with `additionalProperties` or `items`. No text
/// satisfies two alternatives of a `oneOf`; one whose alternatives cannot be kept apart is refused.
/// docs/structured-output.md lists the keywords. Throws Error (kInvalidArgument) naming the keyword and the
/// place.
Grammar::Node add_json_schema(JsonGrammar& json, const nlohmann::ordered_json& schema);

/// The same for a grammar of which nothing else is JSON.
Grammar::Node add_json_schema(Grammar& grammar, const nlohmann::ordered_json& schema);

}  // namespace axllama::text
