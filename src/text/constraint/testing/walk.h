#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "text/constraint/constraint.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::text::testing {

/// The tokenizer of the bundled model: 2,304 byte-level tokens.
std::shared_ptr<const Tokenizer> tiny_tokenizer();

inline bool contains(TokenSet set, TokenId token) {
  const auto index = static_cast<std::size_t>(token);
  return (set[index / 64] >> (index % 64) & 1U) != 0;
}

/// Every token of the set.
std::vector<TokenId> members(TokenSet set);

/// How far a text is allowed when it is written byte by byte.
struct Reading {
  std::size_t accepted = 0;  // bytes
  bool complete = false;     // all of them were, and the answer may end there
};
Reading read_bytes(const Constraint& constraint, std::string_view text);

/// Whether the whole text is allowed and complete.
bool accepts(const Constraint& constraint, std::string_view text);

/// An answer of random logits at a temperature of 1.5, in which closing marks are likely enough for it to
/// end; nothing when it did not within `max_tokens`.
std::optional<std::string> sample(const Constraint& constraint, std::mt19937& random,
                                  std::size_t max_tokens = 2'000);

}  // namespace axllama::text::testing
