#include "inference/prefill_plan.h"

#include <algorithm>
#include <iterator>

namespace axllama::inference {

std::vector<model::PrefillGroup> usable_prefill_groups(const std::vector<model::PrefillGroup>& groups) {
  std::vector<model::PrefillGroup> usable;
  std::copy_if(groups.begin(), groups.end(), std::back_inserter(usable),
               [](const model::PrefillGroup& group) { return group.rows >= kFewestPrefillRows; });
  return usable;
}

PrefillStep next_prefill_step(std::span<const model::PrefillGroup> groups, const PrefillCosts& costs,
                              std::size_t cached, std::size_t remaining) {
  PrefillStep best;
  double best_cost = costs.decode_step;  // per token
  std::size_t best_history = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].history < cached) {
      continue;
    }
    const std::size_t rows = std::min(groups[i].rows, remaining);
    const double cost = costs.chunk[i] / static_cast<double>(rows);
    const bool smaller = best.group && cost == best_cost && groups[i].history < best_history;
    if (cost < best_cost || smaller) {
      best = {i, rows};
      best_cost = cost;
      best_history = groups[i].history;
    }
  }
  return best;
}

double prefill_cost(std::span<const model::PrefillGroup> groups, const PrefillCosts& costs,
                    std::size_t cached, std::size_t remaining) {
  double cost = 0;
  while (remaining > 0) {
    const PrefillStep step = next_prefill_step(groups, costs, cached, remaining);
    cost += step.group ? costs.chunk[*step.group] : costs.decode_step;
    cached += step.rows;
    remaining -= step.rows;
  }
  return cost;
}

}  // namespace axllama::inference
