#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "axcl/card.h"
#include "base/bfloat16.h"
#include "inference/engine_options.h"
#include "inference/generation.h"
#include "inference/kv_tier.h"
#include "model/cost_record.h"
#include "model/package.h"
#include "model/shapes.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// Called after each layer is loaded: (layers loaded, layers in all). Return false to give the load up.
using LoadProgress = std::function<bool(std::size_t, std::size_t)>;

/// One loaded model on one card: layers, head, KV slots and the buffers between them (docs/design.md, section
/// 3). As many generations can run at once as there are slots, advanced in turn; each gives the tokens it
/// gives alone. Owner (lane) thread only.
class Engine {
 public:
  /// Throws Error: what axcl::Model throws (kNotFound, kInvalidArgument, kResourceExhausted, kDevice),
  /// kInvalidArgument when the files do not belong together (naming both), kCancelled when `progress` gave
  /// up. Nothing stays on the card then.
  static std::unique_ptr<Engine> load(axcl::Card& card, std::shared_ptr<const model::Package> package,
                                      const LoadProgress& progress = {}, const EngineOptions& options = {});
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const model::Package& package() const noexcept;
  const model::LayerShapes& shapes() const noexcept;
  std::size_t context_length() const noexcept;
  /// Card memory taken by layers, head, caches and buffers, of a draft model too.
  std::uint64_t card_bytes() const noexcept;

  /// A generation in progress, advanced one engine call at a time so that the owner can look at cancellation
  /// and at other requests in between. While it runs it must not outlive the engine; suspended it may.
  ///
  /// An engine call is a prefill chunk, a part of fetching a cached beginning, one decode step with sampling,
  /// a guess that is verified, or a draft model's work for one, of a chunk's time. It has three parts, to be
  /// called in this order. From begin_step() to the end of await_step() the card is at work for this
  /// generation, and nothing else may be asked of the card; before finish_step() another generation's step
  /// may begin, so that the card works while the host does.
  class Generation {
   public:
    virtual ~Generation() = default;
    /// Whether the next step would do nothing but look at the deadline, as rows that it fetches are still
    /// being read from a disk (see wake_by). Not to be asked in the midst of a step.
    virtual bool waits() const { return false; }
    /// Gives the card its work where it takes work without a wait, and returns at once; elsewhere, and for
    /// calls in which card and host take turns, it leaves all to await_step(). Throws Error when the card
    /// fails: what the slot holds is then forgotten and the generation suspended.
    virtual void begin_step() = 0;
    /// Returns when the card has done its part. Throws as begin_step() does.
    virtual void await_step() = 0;
    /// The host's part: chooses the token and what follows from it, without the card. Returns what the call
    /// produced; often an event without tokens until the prompt is evaluated. After an event with `done` no
    /// further call is allowed, and the KV slot is free. Throws as begin_step() does when the card's results
    /// are no numbers.
    virtual TokenEvent finish_step() = 0;
    TokenEvent step() {
      begin_step();
      await_step();
      return finish_step();
    }
    /// Ends the generation now, even in the midst of a step (which costs a wait for the card's part), and
    /// returns its last event (kCancelled) with the stats so far.
    virtual TokenEvent cancel() = 0;
    /// Gives the KV slot back, as cancel() does, but keeps all that is needed to go on (see Engine::resume).
    virtual void suspend() noexcept = 0;
  };

  /// Throws Error: kInvalidArgument for an empty prompt, a token out of range, or a prompt that leaves no
  /// room to answer (names both lengths); kResourceExhausted when all slots are in use. A request with a
  /// readout has one event, the last.
  std::unique_ptr<Generation> start(GenerationRequest request);
  /// Lets a suspended generation go on, of this engine or of another one with the same model: what it has
  /// said is evaluated again, and what follows is what would have followed. Throws Error
  /// (kResourceExhausted).
  void resume(Generation& generation);

  /// Generations that can run at once; fewer when the card turns out to have less memory.
  std::size_t slots() const noexcept;
  std::size_t free_slots() const noexcept;

  /// Forgets the cached conversations; those of running generations when they end.
  void reset_cache();

  /// What engine calls cost here, as far as it is known, and what to go by until they have been made.
  model::CostRecord measured_costs() const;
  void assume_costs(model::CostRecord record);
  /// Makes engine calls whose cost is not known, each kind once, as long as there is time
  /// (EngineOptions::measuring_time) and `go_on` says so, which is asked before each; empty: always. Returns
  /// the number of calls. Needs a free slot, and forgets what that held. Throws as evaluate() does.
  std::size_t measure_unknown_costs(const std::function<bool()>& go_on);

  /// Where conversations are kept beyond the card (null: nowhere), and what it has to know of them.
  void set_kv_tier(std::shared_ptr<KvTier> tier);
  /// Called, as KvTier::wake_by() says, when a generation of this engine may have ceased to wait.
  void wake_by(std::function<void()> wake);
  KvLayout kv_layout() const noexcept;
  /// Does a short piece of work that can wait, such as saving a conversation; false: there is none.
  bool work_idle();
  /// Gives card memory back that only makes later requests faster; whether there was any.
  bool release_spare_memory();

  /// From now on `draft`, another model on the same card, guesses tokens for this one; null: none does. Its
  /// memory counts as this engine's, and its cache is reset and shed with this one's. Throws Error:
  /// kInvalidArgument when the two vocabularies differ (see require_same_vocabulary), kInternal while
  /// generations of this engine run.
  void set_draft(std::shared_ptr<Engine> draft);

  /// Evaluates `tokens` (at most the context length) from an empty cache and calls `sink` with each position
  /// and the logits [V] bf16 after it. For perplexity and checks; needs a free slot.
  void evaluate(std::span<const text::TokenId> tokens,
                const std::function<void(std::size_t, std::span<const base::Bf16>)>& sink);

 private:
  friend class EngineInspection;
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace axllama::inference
