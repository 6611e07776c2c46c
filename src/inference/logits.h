#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "base/bfloat16.h"
#include "inference/logits_selection.h"

namespace axllama::inference {

/// What a head says after a token: all logits, or the largest of them.
struct Logits {
  std::span<const base::Bf16> all;     // [V] bf16; empty where the largest were enough
  std::span<const Candidate> largest;  // in order of choice; empty where there are all
};

/// How many of the largest logits are wanted; unset: all of them. A head that has no more gives what it has.
using LogitsWanted = std::optional<std::size_t>;

}  // namespace axllama::inference
