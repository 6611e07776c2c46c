#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "axcl/card.h"
#include "inference/engine.h"
#include "inference/engine_impl.h"
#include "inference/model_runner.h"

namespace axllama::inference {

/// What tests look at inside an engine. Not for the product.
class EngineInspection {
 public:
  explicit EngineInspection(Engine& engine) : runner_(engine.impl_->runner) {}

  void set_planner(PrefillPlanner planner) { runner_.set_planner(std::move(planner)); }
  const std::vector<model::PrefillGroup>& prefill_groups() const { return runner_.prefill_groups(); }
  /// Of the sequence that began or ended last.
  const KvCache& cache() const { return runner_.slots().latest().cache; }
  const KvSlots& slots() const { return runner_.slots(); }
  /// As after an error of the card.
  void distrust() { runner_.distrust(runner_.slots().latest()); }
  CostMeter& costs() { return runner_.costs(); }

  /// Rows [first, first + count) of a layer's keys, or values, downloaded.
  std::vector<std::byte> keys(axcl::Card& card, std::size_t layer, std::size_t first,
                              std::size_t count) const {
    return download(card, cache().keys(layer, first, count));
  }
  std::vector<std::byte> values(axcl::Card& card, std::size_t layer, std::size_t first,
                                std::size_t count) const {
    return download(card, cache().values(layer, first, count));
  }

 private:
  static std::vector<std::byte> download(axcl::Card& card, axcl::DeviceSpan span) {
    std::vector<std::byte> bytes(span.size);
    card.download(bytes, span);
    return bytes;
  }

  ModelRunner& runner_;
};

}  // namespace axllama::inference
