#pragma once

#include <optional>
#include <vector>

#include "text/constraint/grammar.h"

namespace axllama::text {

/// By node: whether the part can be the text of no bytes.
std::vector<bool> nullable_parts(const Grammar& grammar);

/// By node: whether any text satisfies the part at all.
std::vector<bool> productive_parts(const Grammar& grammar);

/// A rule that can begin with itself, if there is one; a parser from left to right would not end. Parts that
/// are not productive do not count.
std::optional<Grammar::Node> left_recursive_rule(const Grammar& grammar, const std::vector<bool>& nullable,
                                                 const std::vector<bool>& productive);

/// Rewrites counted repetitions of what may be empty into the same texts by repetitions of what is not, so
/// that each round of a counted repetition takes at least one byte.
void remove_empty_rounds(Grammar& grammar);

}  // namespace axllama::text
