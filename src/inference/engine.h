#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "axcl/card.h"
#include "base/bfloat16.h"
#include "inference/generation.h"
#include "model/package.h"
#include "model/shapes.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// Called after each layer is loaded: (layers loaded, layers in all). Return false to give the load up.
using LoadProgress = std::function<bool(std::size_t, std::size_t)>;

/// One loaded model on one card: layers, head, KV cache and the buffers between them (DESIGN section 3).
/// Owner (lane) thread only. At most one Generation at a time in this version.
class Engine {
 public:
  /// Throws Error: what axcl::Model throws (kNotFound, kInvalidArgument, kResourceExhausted, kDevice),
  /// kInvalidArgument when the files do not belong together (naming both), kCancelled when `progress` gave
  /// up. Nothing stays on the card then.
  static std::unique_ptr<Engine> load(axcl::Card& card, std::shared_ptr<const model::Package> package,
                                      const LoadProgress& progress = {});
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const model::Package& package() const noexcept;
  const model::LayerShapes& shapes() const noexcept;
  std::size_t context_length() const noexcept;
  /// Card memory taken by layers, head, caches and buffers.
  std::uint64_t card_bytes() const noexcept;

  /// A generation in progress, advanced one engine call at a time so that the owner can look at cancellation
  /// and at other requests in between. Must not outlive the engine.
  class Generation {
   public:
    virtual ~Generation() = default;
    /// Runs one prefill chunk, or one decode step with sampling. Returns what it produced; a prefill chunk
    /// but the last returns an event without tokens. After an event with `done` no further call is allowed.
    /// Throws Error when the card fails: the generation is then over and the engine's cache is forgotten.
    virtual TokenEvent step() = 0;
    /// Ends the generation now and returns its last event (kCancelled) with the stats so far.
    virtual TokenEvent cancel() = 0;
  };

  /// Throws Error (kInvalidArgument): empty prompt, token out of range, or a prompt that leaves no room to
  /// answer (names both lengths).
  std::unique_ptr<Generation> start(GenerationRequest request);

  /// Forgets the cached conversation.
  void reset_cache();

  /// Evaluates `tokens` (at most the context length) from an empty cache and calls `sink` with each position
  /// and the logits [V] bf16 after it. For perplexity and checks. Not while a Generation runs.
  void evaluate(std::span<const text::TokenId> tokens,
                const std::function<void(std::size_t, std::span<const base::Bf16>)>& sink);

 private:
  friend class EngineInspection;
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace axllama::inference
