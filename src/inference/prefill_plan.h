#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "model/shapes.h"

namespace axllama::inference {

/// Groups of fewer rows leave their `output` untouched on the card (axcl.md 1.6, rule 8), so layers cannot be
/// chained.
inline constexpr std::size_t kFewestPrefillRows = 64;

/// The prefill groups that can be chained, in the order given.
std::vector<model::PrefillGroup> usable_prefill_groups(const std::vector<model::PrefillGroup>& groups);

/// What evaluating a prompt costs, in any one unit (only ratios matter).
struct PrefillCosts {
  double decode_step = 1.0;
  std::vector<double> chunk;  // by index of the group
  double copy = 0.25;         // of a cached beginning from slot to slot, whatever its length

  /// Before anything is measured: a 128-row chunk of published 4B layers costs about as much as 1.9 decode
  /// steps.
  static constexpr double kGuessedChunk = 1.9;
  static PrefillCosts guess(std::size_t groups) {
    return {.chunk = std::vector<double>(groups, kGuessedChunk)};
  }
};

/// One engine call of a prefill: a chunk of `rows` tokens in the group of that index, or without group one
/// decode step (then `rows` is 1).
struct PrefillStep {
  std::optional<std::size_t> group;
  std::size_t rows = 1;

  bool operator==(const PrefillStep&) const = default;
};

/// The next step for `remaining` > 0 tokens after `cached` ones: of the groups with room for the history, the
/// one that costs least per token (of equals the one with the smallest history), or a decode step where that
/// costs less.
PrefillStep next_prefill_step(std::span<const model::PrefillGroup> groups, const PrefillCosts& costs,
                              std::size_t cached, std::size_t remaining);

/// What all steps for `remaining` tokens after `cached` ones cost.
double prefill_cost(std::span<const model::PrefillGroup> groups, const PrefillCosts& costs,
                    std::size_t cached, std::size_t remaining);

}  // namespace axllama::inference
