#include "serving/axcl_backend.h"

#include <filesystem>
#include <system_error>
#include <utility>

namespace axllama::serving {
namespace {

class EngineInstance final : public ModelInstance {
 public:
  explicit EngineInstance(std::unique_ptr<inference::Engine> engine) : engine_(std::move(engine)) {}

  std::unique_ptr<inference::Engine::Generation> start(inference::GenerationRequest request) override {
    return engine_->start(std::move(request));
  }
  void reset_cache() override { engine_->reset_cache(); }
  std::uint64_t card_bytes() const override { return engine_->card_bytes(); }
  std::size_t context_length() const override { return engine_->context_length(); }

 private:
  std::unique_ptr<inference::Engine> engine_;
};

class AxclBackend final : public CardBackend {
 public:
  AxclBackend(std::shared_ptr<axcl::Runtime> runtime, std::size_t card_index, TrustOptions trust)
      : runtime_(std::move(runtime)), card_(runtime_, card_index), trust_(card_, std::move(trust)) {}

  CardDescription description() const override {
    return {runtime_->is_software_card(), runtime_->version(), card_.device_id()};
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

  std::unique_ptr<ModelInstance> load(std::shared_ptr<const model::Package> package,
                                      const inference::LoadProgress& progress) override {
    trust_.check_card(*package);
    auto engine = inference::Engine::load(card_, std::move(package), progress);
    trust_.check_model(*engine);
    return std::make_unique<EngineInstance>(std::move(engine));
  }

 private:
  std::shared_ptr<axcl::Runtime> runtime_;
  axcl::Card card_;
  CardTrust trust_;
};

}  // namespace

BackendFactory axcl_backend(axcl::RuntimeOptions options, std::size_t card_index, TrustOptions trust) {
  return [options = std::move(options), card_index, trust = std::move(trust)] {
    return std::make_unique<AxclBackend>(axcl::Runtime::open(options), card_index, trust);
  };
}

}  // namespace axllama::serving
