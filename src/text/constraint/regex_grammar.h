#pragma once

#include <functional>
#include <string_view>

#include "text/constraint/grammar.h"

namespace axllama::text {

/// How one character of a pattern's set becomes a part; the set is never empty.
using CharacterWriter = std::function<Grammar::Node(const CharacterSet&)>;

/// A pattern as a part. The notation is ECMAScript's with the `u` flag: characters, `.`, classes, `\d \w \s`
/// and their opposites, escapes, groups, `|`, and `* + ? {m,n}`, also lazy ones, which match the same texts.
/// `^` and `$` may stand at the ends of the pattern or of an alternative of the whole pattern. Lookaround,
/// back references, `\b`, `\p` and flags are refused.
struct RegexOptions {
  /// What comes before an alternative without `^`, or after one without `$`; null: nothing, so that the whole
  /// text must match.
  const Grammar::Node* around = nullptr;
  /// Null: the characters as they are.
  CharacterWriter write;
};

/// Throws Error (kInvalidArgument) with what is wrong and the offset in the pattern.
Grammar::Node add_regex(Grammar& grammar, std::string_view pattern, const RegexOptions& options = {});

}  // namespace axllama::text
