#include "inference/engine.h"

#include <string>
#include <utility>

#include "base/error.h"
#include "inference/cached_sequence.h"
#include "inference/cost_probe.h"
#include "inference/engine_impl.h"
#include "inference/generation_loop.h"
#include "inference/readout_loop.h"
#include "model/vocabulary.h"

namespace axllama::inference {

using base::Error;
using base::ErrorCode;

std::unique_ptr<SequenceRunner> Engine::Impl::new_sequence(std::span<const text::TokenId> tokens,
                                                           const SequencePlan& plan) {
  auto sequence = std::make_unique<CachedSequence>(
      runner, tier, tokens, plan, draft_model ? std::make_unique<DraftSequence>(*draft_model) : nullptr);
  if (being_saved != nullptr && being_saved->busy) {  // what it holds is about to change
    stop_saving();
  }
  return sequence;
}

/// A head that gives the largest logits only has none for what looks at all of them.
void Engine::Impl::require_logits(const GenerationRequest& request) const {
  const char* what = request.readout        ? request.readout->logits_of.empty() ? nullptr : "A score"
                     : request.constraint   ? "A format"
                     : request.top_logprobs ? "logprobs"
                                            : nullptr;
  if (what != nullptr && !runner.gives_all_logits()) {
    throw Error(ErrorCode::kInvalidArgument,
                std::string(what) + " cannot be had from " + runner.package().files().name +
                    ": it needs all logits, and this model's head was compiled to give the " +
                    std::to_string(runner.top_logits()) +
                    " largest only (--post_topk without --post_all_logits).");
  }
}

void Engine::Impl::stop_saving() noexcept {
  saving.reset();
  being_saved = nullptr;
}

/// The conversation used last that no tier has yet; null: none.
KvSlot* Engine::Impl::worth_saving() {
  KvSlot* latest = nullptr;
  for (const auto& slot : runner.slots().all()) {
    const std::size_t size = slot->cache.size();
    if (!slot->busy && !slot->saved && size > 0 &&
        transfer_pays(runner, size, runner.prefill_cost(0, size)) &&
        (latest == nullptr || slot->last_used > latest->last_used)) {
      latest = slot.get();
    }
  }
  return latest;
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

std::unique_ptr<Engine> Engine::load(axcl::Card& card, std::shared_ptr<const model::Package> package,
                                     const LoadProgress& progress, const EngineOptions& options) {
  return std::unique_ptr<Engine>(
      new Engine(std::make_unique<Impl>(card, std::move(package), progress, options)));
}

const model::Package& Engine::package() const noexcept {
  return impl_->runner.package();
}

const model::LayerShapes& Engine::shapes() const noexcept {
  return impl_->runner.shapes();
}

std::size_t Engine::context_length() const noexcept {
  return impl_->runner.shapes().context;
}

std::uint64_t Engine::card_bytes() const noexcept {
  return impl_->runner.card_bytes() + (impl_->draft ? impl_->draft->card_bytes() : 0);
}

std::size_t Engine::slots() const noexcept {
  return impl_->runner.slots().most();
}

std::size_t Engine::free_slots() const noexcept {
  return slots() - impl_->runner.slots().busy();
}

std::unique_ptr<Engine::Generation> Engine::start(GenerationRequest request) {
  if (request.readout) {
    check_readout(request, impl_->runner.logit_count(), impl_->runner.vocabulary(), context_length());
    impl_->require_logits(request);
    const SequencePlan plan = readout_plan(request, package().pooling());
    auto sequence = impl_->new_sequence(request.prompt, plan);
    return std::make_unique<ReadoutLoop>(std::move(sequence), std::move(request), package().pooling());
  }
  check_request(request, impl_->runner.vocabulary(), context_length());
  impl_->require_logits(request);
  auto sequence = impl_->new_sequence(request.prompt, {.pinned = request.pinned_prompt_tokens});
  return std::make_unique<GenerationLoop>(std::move(sequence), std::move(request), impl_->runner.tokenizer(),
                                          context_length());
}

void Engine::resume(Generation& generation) {
  auto& over_sequence = dynamic_cast<SequenceGeneration&>(generation);
  over_sequence.resume(impl_->new_sequence(over_sequence.tokens(), over_sequence.plan()));
}

void Engine::reset_cache() {
  impl_->stop_saving();
  impl_->runner.slots().forget_all();
  if (impl_->draft) {
    impl_->draft->reset_cache();
  }
}

model::CostRecord Engine::measured_costs() const {
  return impl_->runner.costs().record();
}

void Engine::assume_costs(model::CostRecord record) {
  impl_->runner.costs().assume(std::move(record));
}

std::size_t Engine::measure_unknown_costs(const std::function<bool()>& go_on) {
  impl_->stop_saving();
  return inference::measure_unknown_costs(impl_->runner, impl_->measuring_time, go_on);
}

void Engine::set_kv_tier(std::shared_ptr<KvTier> tier) {
  impl_->tier = std::move(tier);
  if (impl_->tier) {
    impl_->tier->wake_by(impl_->wake);
  }
}

void Engine::wake_by(std::function<void()> wake) {
  impl_->wake = std::move(wake);
  set_kv_tier(std::move(impl_->tier));
}

KvLayout Engine::kv_layout() const noexcept {
  return impl_->runner.kv_layout();
}

bool Engine::work_idle() {
  if (!impl_->tier) {
    return false;
  }
  if (!impl_->saving) {
    impl_->being_saved = impl_->worth_saving();
    if (impl_->being_saved == nullptr) {
      return false;
    }
    impl_->saving = store_in_tier(*impl_->tier, impl_->runner, *impl_->being_saved);
  }
  if (impl_->saving && impl_->saving->step()) {
    impl_->stop_saving();
  }
  return true;
}

bool Engine::release_spare_memory() {
  impl_->stop_saving();
  return impl_->runner.slots().shed() || impl_->runner.drop_embeddings() ||
         (impl_->draft && impl_->draft->release_spare_memory());
}

void Engine::set_draft(std::shared_ptr<Engine> draft) {
  if (impl_->runner.slots().busy() > 0) {
    throw Error(ErrorCode::kInternal, "A draft model was to change while it may be guessing.");
  }
  if (draft) {
    model::require_same_vocabulary(package(), draft->package());
  }
  impl_->draft_model.reset();
  impl_->draft = std::move(draft);
  if (impl_->draft) {
    impl_->draft_model.emplace(impl_->draft->impl_->runner, impl_->runner);
  }
}

void Engine::evaluate(std::span<const text::TokenId> tokens, const LogitsSink& sink) {
  if (tokens.size() > context_length()) {
    throw Error(ErrorCode::kInvalidArgument, std::to_string(tokens.size()) +
                                                 " tokens are longer than the context of " +
                                                 std::to_string(context_length()) + ".");
  }
  impl_->stop_saving();
  impl_->runner.evaluate(tokens, sink);
}

}  // namespace axllama::inference
