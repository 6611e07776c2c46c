#include "inference/cost_probe.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace axllama::inference {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

/// Kinds of calls: a prefill group, or none for a decode step. The decode step comes first, as it takes
/// least and tells what the others may take.
std::vector<std::optional<std::size_t>> unknown_kinds(const ModelRunner& runner) {
  std::vector<std::optional<std::size_t>> kinds;
  if (!runner.costs().knows_decode()) {
    kinds.emplace_back();
  }
  for (std::size_t group = 0; group < runner.prefill_groups().size(); ++group) {
    if (!runner.costs().knows_chunk(group)) {
      kinds.emplace_back(group);
    }
  }
  return kinds;
}

/// Of a full chunk. The software card computes row by row: until a chunk is known there, each row is taken to
/// cost a decode step, which is the most it can.
Seconds expected_time(ModelRunner& runner, std::size_t group) {
  const PrefillCosts costs = runner.costs().costs();
  bool any_known = false;
  for (std::size_t other = 0; other < runner.prefill_groups().size(); ++other) {
    any_known = any_known || runner.costs().knows_chunk(other);
  }
  if (!any_known && runner.card().runtime().is_software_card()) {
    return Seconds(costs.decode_step * static_cast<double>(runner.prefill_groups()[group].rows));
  }
  return Seconds(costs.chunk[group]);
}

/// The rows before the chunk are what the slot's memory holds, finite numbers: they cost what any others do.
void run_chunk(ModelRunner& runner, KvSlot& slot, std::size_t group) {
  const model::PrefillGroup& shape = runner.prefill_groups()[group];
  const std::size_t context = slot.cache.shape().context;
  const std::size_t rows = std::min(shape.rows, context);
  slot.cache.forget(false);
  slot.cache.append(std::vector<text::TokenId>(std::min(shape.history, context - rows)));
  runner.evaluate_guess(slot, group, std::vector<text::TokenId>(rows));
}

}  // namespace

std::size_t measure_unknown_costs(ModelRunner& runner, std::chrono::nanoseconds most,
                                  const std::function<bool()>& go_on) {
  const std::vector<std::optional<std::size_t>> kinds = unknown_kinds(runner);
  if (kinds.empty()) {
    return 0;
  }
  KvSlot& slot = runner.slots().acquire({});
  const std::unique_ptr<KvSlot, std::function<void(KvSlot*)>> lease(&slot, [&runner](KvSlot* leased) {
    leased->cache.forget(false);
    runner.slots().release(*leased);
  });
  const Clock::time_point begun = Clock::now();
  std::size_t calls = 0;
  try {
    slot.cache.forget(false);
    slot.cache.make_trustworthy();
    for (const std::optional<std::size_t>& group : kinds) {
      if ((group && Clock::now() - begun + expected_time(runner, *group) > most) || (go_on && !go_on())) {
        break;  // what comes later takes as long, or longer
      }
      if (group) {
        run_chunk(runner, slot, *group);
      } else {
        runner.decode(slot, 0);
        runner.wait();
      }
      ++calls;
    }
  } catch (...) {
    runner.abandon(slot);
    runner.distrust(slot);
    throw;
  }
  return calls;
}

}  // namespace axllama::inference
