#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "inference/cached_sequence.h"
#include "inference/draft_sequence.h"
#include "inference/engine.h"
#include "inference/model_runner.h"
#include "inference/sequence_runner.h"
#include "inference/tier_transfer.h"

namespace axllama::inference {

struct Engine::Impl {
  Impl(axcl::Card& card, std::shared_ptr<const model::Package> package, const LoadProgress& progress,
       const EngineOptions& options)
      : runner(card, std::move(package), progress, options), measuring_time(options.measuring_time) {}

  std::unique_ptr<SequenceRunner> new_sequence(std::span<const text::TokenId> tokens,
                                               const SequencePlan& plan);
  void require_logits(const GenerationRequest& request) const;
  KvSlot* worth_saving();
  void stop_saving() noexcept;

  ModelRunner runner;
  std::chrono::nanoseconds measuring_time;
  std::shared_ptr<Engine> draft;          // null: none
  std::optional<DraftModel> draft_model;  // of `draft`
  std::shared_ptr<KvTier> tier;
  std::function<void()> wake;     // of the tier
  KvSlot* being_saved = nullptr;  // while nothing else is to do
  std::unique_ptr<TierTransfer> saving;
};

}  // namespace axllama::inference
