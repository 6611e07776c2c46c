#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "axcl/card.h"
#include "inference/engine.h"
#include "inference/generation.h"
#include "model/package.h"
#include "serving/service.h"

namespace axllama::serving {

// What the lane drives: a card and the models on it. Tests put their own in place of the AXCL card.
// Everything is created, used and destroyed on the lane thread.

/// A loaded model. Destroying it unloads it.
class ModelInstance {
 public:
  virtual ~ModelInstance() = default;
  // As the methods of inference::Engine with these names.
  virtual std::unique_ptr<inference::Engine::Generation> start(inference::GenerationRequest request) = 0;
  virtual void resume(inference::Engine::Generation& generation) = 0;
  virtual std::size_t free_slots() const = 0;
  virtual void reset_cache() = 0;
  virtual bool work_idle() = 0;
  /// Once after it is loaded, while no answer of it runs: measures what engine calls cost whose cost is not
  /// known, as long as `go_on` says so, which is asked before each call. Does not throw: when a call fails,
  /// answers will find out what is wrong.
  virtual void measure_costs(const std::function<bool()>& go_on) noexcept = 0;
  virtual bool release_spare_memory() = 0;
  virtual void wake_by(std::function<void()> /*wake*/) {}
  /// Why it would not use a draft's guesses, in a sentence; empty: it would.
  virtual std::string not_guessing() const { return {}; }
  /// `draft`: loaded by the same backend; null: none.
  virtual void set_draft(std::unique_ptr<ModelInstance> draft) = 0;
  virtual std::uint64_t card_bytes() const = 0;
  virtual std::size_t context_length() const = 0;
};

struct CardDescription {
  bool software_card = false;
  std::string runtime_version;
  std::int32_t device_id = -1;
  std::size_t card_count = 1;  // of this runtime
};

/// An opened card. Destroying it releases the card; its models are gone by then.
class CardBackend {
 public:
  virtual ~CardBackend() = default;
  virtual CardDescription description() const = 0;
  /// Slow on a real card; empty when it does not say.
  virtual std::optional<axcl::CardProperties> properties() = 0;
  /// Card memory below which loading is sure to fail.
  virtual std::uint64_t least_card_bytes(const model::Package& package) const = 0;
  virtual std::unique_ptr<ModelInstance> load(const ModelReference& model,
                                              const inference::LoadProgress& progress) = 0;
};

/// Opens the card; throws Error (kUnavailable) with a sentence when there is none.
using BackendFactory = std::function<std::unique_ptr<CardBackend>()>;

}  // namespace axllama::serving
