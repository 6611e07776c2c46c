#pragma once

#include <string_view>

#include "text/constraint/grammar.h"

namespace axllama::text {

/// A grammar in llama.cpp's notation as a part, namely its rule `root`: rules `name ::= ...`, literals,
/// character classes, `.`, groups, `|`, `* + ? {m} {m,} {m,n}`, comments, and tokens by number `<[42]>`.
/// Throws Error (kInvalidArgument) with what is wrong and its line.
Grammar::Node add_gbnf(Grammar& grammar, std::string_view source);

}  // namespace axllama::text
