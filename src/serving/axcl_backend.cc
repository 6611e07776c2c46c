#include "serving/axcl_backend.h"

#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "serving/kept_costs.h"
#include "telemetry/log.h"

namespace axllama::serving {
namespace {

class EngineInstance final : public ModelInstance {
 public:
  /// `measures`: costs that are not known, before the first answer. `not_guessing`: why tokens are not
  /// guessed, in a sentence; empty: they are.
  EngineInstance(std::shared_ptr<inference::Engine> engine, std::optional<KeptCosts> costs, bool measures,
                 std::string not_guessing)
      : engine_(std::move(engine)),
        costs_(std::move(costs)),
        measures_(measures),
        not_guessing_(std::move(not_guessing)) {
    if (costs_) {
      costs_->begin(*engine_);
    }
  }
  ~EngineInstance() override {
    if (costs_) {
      costs_->keep(*engine_);
    }
  }
  EngineInstance(const EngineInstance&) = delete;
  EngineInstance& operator=(const EngineInstance&) = delete;

  std::unique_ptr<inference::Engine::Generation> start(inference::GenerationRequest request) override {
    return engine_->start(std::move(request));
  }
  void resume(inference::Engine::Generation& generation) override { engine_->resume(generation); }
  std::size_t free_slots() const override { return engine_->free_slots(); }
  void reset_cache() override { engine_->reset_cache(); }
  bool work_idle() override {
    if (costs_) {
      costs_->keep_at_times(*engine_);
    }
    return engine_->work_idle();
  }
  void measure_costs(const std::function<bool()>& go_on) noexcept override {
    if (costs_ && measures_) {
      costs_->measure(*engine_, go_on);
    }
  }
  void wake_by(std::function<void()> wake) override { engine_->wake_by(std::move(wake)); }
  bool release_spare_memory() override { return engine_->release_spare_memory(); }
  void set_draft(std::unique_ptr<ModelInstance> draft) override {
    auto* instance = dynamic_cast<EngineInstance*>(draft.get());
    engine_->set_draft(instance == nullptr ? nullptr : instance->engine_);
    draft_ = std::move(draft);
  }
  std::string not_guessing() const override { return not_guessing_; }
  std::uint64_t card_bytes() const override { return engine_->card_bytes(); }
  std::size_t context_length() const override { return engine_->context_length(); }

 private:
  std::unique_ptr<ModelInstance> draft_;  // null: none
  std::shared_ptr<inference::Engine> engine_;
  std::optional<KeptCosts> costs_;  // empty: not kept
  bool measures_;
  std::string not_guessing_;
};

class AxclBackend final : public CardBackend {
 public:
  explicit AxclBackend(const AxclBackendOptions& options)
      : options_(options),
        runtime_(axcl::Runtime::open(options.runtime)),
        card_(runtime_, options.card_index),
        trust_(card_, options.trust) {}

  CardDescription description() const override {
    return {runtime_->is_software_card(), runtime_->version(), card_.device_id(), runtime_->devices().size()};
  }

  std::optional<axcl::CardProperties> properties() override { return card_.properties(); }

  std::uint64_t least_card_bytes(const model::Package& package) const override {
    std::uint64_t bytes = 0;
    const auto add = [&](const std::filesystem::path& file) {
      std::error_code error;
      const std::uintmax_t size = std::filesystem::file_size(file, error);
      bytes += error ? 0 : size;
    };
    for (const std::filesystem::path& layer : package.files().layers) {
      add(layer);
    }
    add(package.files().head);
    return bytes;
  }

  std::unique_ptr<ModelInstance> load(const ModelReference& model,
                                      const inference::LoadProgress& progress) override {
    inference::EngineOptions engine_options = options_.engine;
    const CardAbilities card = trust_.check_card(*model.package);
    engine_options.asynchronous = options_.asynchronous.value_or(card.asynchronous);
    engine_options.speculation = options_.speculation.value_or(card.chunks_equal_decodes);
    if (!engine_options.speculation && !options_.speculation) {
      telemetry::log(telemetry::LogLevel::kInfo, "tokens are not guessed",
                     {{"model", model.name}, {"why", card.chunks}});
    }
    std::shared_ptr<inference::Engine> engine =
        inference::Engine::load(card_, model.package, progress, engine_options);
    trust_.check_model(*engine);
    if (options_.kv_tiers) {
      engine->set_kv_tier(options_.kv_tiers(model.digest, engine->kv_layout()));
    }
    return std::make_unique<EngineInstance>(
        std::move(engine), costs_of(model), options_.trust.enabled,
        engine_options.speculation || options_.speculation ? std::string() : card.chunks);
  }

 private:
  /// A card that computes nothing tells nothing about one that does.
  std::optional<KeptCosts> costs_of(const ModelReference& model) {
    if (options_.cost_records.empty() || !runtime_->computes()) {
      return std::nullopt;
    }
    return KeptCosts(cost_record_file(options_.cost_records, model, card_), describe_card(card_));
  }

  const AxclBackendOptions options_;
  std::shared_ptr<axcl::Runtime> runtime_;
  axcl::Card card_;
  CardTrust trust_;
};

}  // namespace

BackendFactory axcl_backend(AxclBackendOptions options) {
  return [options = std::move(options)] { return std::make_unique<AxclBackend>(options); };
}

}  // namespace axllama::serving
