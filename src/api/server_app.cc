#include "api/server_app.h"

#include <filesystem>
#include <optional>
#include <utility>

#include "api/anthropic/anthropic_api.h"
#include "api/error_bodies.h"
#include "api/ollama/ollama_api.h"
#include "api/openai/openai_api.h"
#include "api/preloader.h"
#include "api/rerank/rerank_api.h"
#include "api/sidecar/sidecar_api.h"
#include "api/streams/reading.h"
#include "base/error.h"
#include "http/router.h"
#include "http/server.h"
#include "inference/kv_archive.h"
#include "serving/scheduler.h"
#include "store/identity.h"
#include "store/library.h"
#include "telemetry/log.h"

namespace axllama::api {
namespace {

/// After the answers have ended: for their last bytes to leave.
constexpr std::chrono::milliseconds kFlushGrace{2'000};

serving::SchedulerOptions scheduler_options(const ServerConfig& config) {
  serving::SchedulerOptions options;
  options.max_queue = config.max_queue;
  options.max_loaded = config.max_loaded;
  options.load_limit = config.load_timeout;
  options.call_limit = config.call_timeout;
  options.kv_slots = config.kv_slots;
  options.parallel = config.parallel;
  options.cards = config.cards;
  options.default_keep_alive = config.keep_alive;
  options.trust = {config.card_checks, config.canary_folder};
  options.speculation = config.speculation;
  if (!config.asynchronous) {
    options.asynchronous = false;
  }
  options.card_embeddings = config.card_embeddings;
  options.cost_records = config.cost_folder;
  if (config.kv_cache_host > 0 || !config.kv_cache_dir.empty()) {
    auto archive = std::make_shared<inference::KvArchive>(
        inference::KvArchiveOptions{config.kv_cache_host, config.kv_cache_dir, config.kv_cache_disk});
    options.kv_tiers = [archive](const std::string& digest, const inference::KvLayout& layout) {
      return archive->tier(digest, layout);
    };
  }
  return options;
}

/// A server without a key of its own works, but for registries that know their users by their keys.
void make_identity(const std::filesystem::path& file) {
  try {
    if (!file.empty()) store::Identity::load_or_make(file);
  } catch (const base::Error& error) {
    telemetry::log(telemetry::LogLevel::kWarning, "no key for registries: " + error.message());
  }
}

store::LibraryOptions library_options(const ServerConfig& config) {
  return {.roots = config.model_roots,
          .watched = config.watched_folders,
          .store = config.store,
          .drafts = config.drafts};
}

}  // namespace

struct ServerApp::Impl {
  Impl(const ServerConfig& config, CompileFunction compile)
      : library(library_options(config)),
        prune(config.prune_store),
        identity(config.identity),
        preload{config.pinned, config.preload},
        scheduler(scheduler_options(config)),
        server(server_options(config, std::move(compile))) {}

  http::ServerOptions server_options(const ServerConfig& config, CompileFunction compile) {
    http::ServerOptions options;
    auto routes = std::make_shared<http::Router>();
    const auto core = std::make_shared<chat::Core>(
        scheduler, library,
        chat::CoreOptions{.context_length = config.context_length, .keep_requests = config.keep_requests});
    ollama::add_ollama_routes(*routes,
                              {core, std::move(compile), store::transfer_options_from_environment()});
    openai::add_openai_routes(*routes, core);
    anthropic::add_anthropic_routes(*routes, core);
    streams::add_stream_routes(*routes, core->streams, core);
    rerank::add_rerank_routes(*routes, core);
    options.listeners.push_back({.endpoint = config.listen,
                                 .router = std::move(routes),
                                 .origins = config.origins,
                                 .render_error = render_error});
    if (config.sidecar) {
      auto sidecar_routes = std::make_shared<http::Router>();
      sidecar::add_sidecar_routes(*sidecar_routes, {scheduler, library, {}});
      options.listeners.push_back(
          {.endpoint = *config.sidecar, .router = std::move(sidecar_routes), .origins = config.origins});
    }
    return options;
  }

  store::Library library;
  bool prune;
  std::filesystem::path identity;
  PreloadPlan preload;
  serving::Scheduler scheduler;
  http::Server server;  // its handlers use the others
  std::optional<Preloader> preloader;
};

ServerApp::ServerApp(const ServerConfig& config, CompileFunction compile)
    : impl_(std::make_unique<Impl>(config, std::move(compile))) {}

ServerApp::~ServerApp() {
  stop(std::chrono::milliseconds(0));
}

void ServerApp::start() {
  if (store::ModelStore* store = impl_->library.store()) store->repair({.prune = impl_->prune});
  make_identity(impl_->identity);
  impl_->server.start();
  impl_->preloader.emplace(impl_->scheduler, impl_->library, impl_->preload);
}

const std::vector<http::Endpoint>& ServerApp::endpoints() const noexcept {
  return impl_->server.endpoints();
}

serving::CardStatus ServerApp::card_status() const {
  return impl_->scheduler.card_status();
}

void ServerApp::stop(std::chrono::milliseconds grace) {
  impl_->server.begin_stop();
  impl_->preloader.reset();
  impl_->scheduler.drain(grace);
  impl_->server.stop(kFlushGrace);
}

}  // namespace axllama::api
