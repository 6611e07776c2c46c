#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <signal.h>

#include "api/server_app.h"
#include "api/server_config.h"
#include "base/byte_size.h"
#include "base/error.h"
#include "cli/command.h"
#include "compiler/compiler.h"
#include "telemetry/log.h"

namespace axllama::cli {
namespace {

using telemetry::LogLevel;

constexpr const char* kSidecarAddress = "127.0.0.1:5002";

struct ServeOptions {
  std::string host;
  std::string sidecar;
  bool with_sidecar = false;
  std::vector<std::string> model_roots;
  std::vector<std::string> watched;
  std::string store;
  std::string keep_alive;
  std::vector<std::string> preload;
  std::vector<std::string> pinned;
  std::vector<std::string> drafts;
  std::size_t kv_slots = 0;
  std::size_t parallel = 0;
  std::string cards;
  std::string kv_cache_dir;
  std::string kv_cache_disk;
  std::string kv_cache_host;
  bool no_speculation = false;
  bool card_embeddings = false;
  std::string port_file;
  std::string sidecar_port_file;
  int drain_seconds = -1;
};

api::ServerConfig config_of(const ServeOptions& options) {
  api::ServerConfig config = api::server_config_from_environment();
  if (!options.host.empty()) config.listen = http::parse_endpoint(options.host).endpoint;
  if (options.with_sidecar || !options.sidecar.empty()) {
    config.sidecar =
        http::parse_endpoint(options.sidecar.empty() ? kSidecarAddress : options.sidecar, 5002).endpoint;
  }
  config.model_roots.insert(config.model_roots.begin(), options.model_roots.begin(),
                            options.model_roots.end());
  config.watched_folders.insert(config.watched_folders.begin(), options.watched.begin(),
                                options.watched.end());
  if (!options.store.empty()) config.store = options.store;
  if (!options.keep_alive.empty()) config.keep_alive = api::parse_keep_alive(options.keep_alive);
  config.preload.insert(config.preload.end(), options.preload.begin(), options.preload.end());
  config.pinned.insert(config.pinned.end(), options.pinned.begin(), options.pinned.end());
  for (const std::string& text : options.drafts) {
    const auto [name, draft] = api::parse_draft(text);
    config.drafts[name] = draft;
  }
  if (options.kv_slots > 0) config.kv_slots = options.kv_slots;
  if (options.parallel > 0) config.parallel = options.parallel;
  if (!options.cards.empty()) config.cards = api::parse_cards(options.cards);
  if (!options.kv_cache_dir.empty()) config.kv_cache_dir = options.kv_cache_dir;
  if (!options.kv_cache_disk.empty()) config.kv_cache_disk = base::parse_byte_size(options.kv_cache_disk);
  if (!options.kv_cache_host.empty()) config.kv_cache_host = base::parse_byte_size(options.kv_cache_host);
  if (options.no_speculation) config.speculation = false;
  if (options.card_embeddings) config.card_embeddings = true;
  if (options.drain_seconds >= 0) config.drain_grace = std::chrono::seconds(options.drain_seconds);
  return config;
}

/// Blocks the signals that end the server in this and every later thread, so that wait() alone sees them.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  std::string wait() const {
    int number = 0;
    ::sigwait(&set_, &number);
    return number == SIGINT ? "SIGINT" : "SIGTERM";
  }

 private:
  sigset_t set_{};
};

/// The port appears in one step, so that a reader never sees half of it.
void write_port_file(const std::string& path, std::uint16_t port) {
  const std::string unfinished = path + ".tmp";
  {
    std::ofstream file(unfinished);
    file << port << "\n";
    if (!file.flush()) {
      throw base::Error(base::ErrorCode::kInvalidArgument, "cannot write the port to " + path);
    }
  }
  std::filesystem::rename(unfinished, path);
}

void log_start(const api::ServerApp& app) {
  for (const http::Endpoint& endpoint : app.endpoints()) {
    telemetry::log(LogLevel::kInfo,
                   "Listening on " + endpoint.authority() + " (version " + AXLLAMA_VERSION + ")");
  }
  const serving::CardStatus card = app.card_status();
  if (!card.problem.empty()) telemetry::log(LogLevel::kWarning, card.problem);
}

void compile(const api::CompileJob& job, const compiler::CompileProgress& progress) {
  compiler::CompileOptions options;
  options.source = job.source;
  options.output = job.output;
  if (!job.weight_type.empty()) options.weight_type = job.weight_type;
  if (job.max_context > 0) options.max_context = job.max_context;
  compiler::compile(options, progress);
}

void serve(const ServeOptions& options) {
  const StopSignals signals;  // before any thread is made
  const api::ServerConfig config = config_of(options);
  telemetry::set_log_level(config.log_level);
  telemetry::log(LogLevel::kInfo, "server config", {{"env", api::describe(config)}});
  for (const std::string& warning : config.warnings) telemetry::log(LogLevel::kWarning, warning);

  api::ServerApp app(config, &compile);
  app.start();
  log_start(app);

  if (!options.sidecar_port_file.empty() && app.endpoints().size() > 1) {
    write_port_file(options.sidecar_port_file, app.endpoints()[1].port);
  }
  if (!options.port_file.empty()) write_port_file(options.port_file, app.endpoints().front().port);

  const std::string signal = signals.wait();
  telemetry::log(LogLevel::kInfo, "stopping", {{"signal", signal}});
  app.stop(config.drain_grace);
  telemetry::log(LogLevel::kInfo, "stopped; the card is released");
}

}  // namespace

void add_serve(CLI::App& app) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command = app.add_subcommand("serve", "Start the server")->alias("start");
  command->add_option("--host", options->host,
                      "Address to listen on [OLLAMA_HOST, 127.0.0.1:11434]; port 0: any free one");
  command->add_flag("--sidecar", options->with_sidecar,
                    std::string("Serve the back-end routes too, on ") + kSidecarAddress);
  command->add_option("--sidecar-host", options->sidecar,
                      "Address of the back-end routes; implies --sidecar");
  command
      ->add_option("--model-root", options->model_roots,
                   "Folder of model packages; may be given several times")
      ->take_all();
  command
      ->add_option("--watch", options->watched,
                   "Folder into which packages are dropped while the server runs; may be given several times")
      ->take_all();
  command->add_option("--store", options->store,
                      "Folder of pulled and created models [OLLAMA_MODELS, ~/.ollama/models]");
  command->add_option("--keep-alive", options->keep_alive, "How long an unused model stays loaded [5m]");
  command->add_option("--preload", options->preload, "Model to load at the start; may be given several times")
      ->take_all();
  command
      ->add_option("--pin", options->pinned,
                   "Model to load at the start and to keep on the card; may be given several times")
      ->take_all();
  command
      ->add_option("--draft", options->drafts,
                   "MODEL=DRAFT: an installed, smaller model that guesses tokens for another; may be given "
                   "several times")
      ->take_all();
  command
      ->add_option("--kv-slots", options->kv_slots,
                   "Conversations of a model kept on the card [as many as fit, at most 4]")
      ->check(CLI::Range(1, 64));
  command
      ->add_option("--parallel", options->parallel,
                   "Answers of a model at once [OLLAMA_NUM_PARALLEL, one per KV slot]")
      ->check(CLI::PositiveNumber);
  command->add_option("--kv-cache-dir", options->kv_cache_dir,
                      "Folder where conversations are kept over restarts [none]");
  command->add_option("--kv-cache-disk", options->kv_cache_disk, "How much that folder may hold [8GiB]");
  command->add_option("--kv-cache-host", options->kv_cache_host,
                      "Host memory for conversations that leave the card [512MiB]");
  command->add_flag("--no-speculation", options->no_speculation,
                    "Never guess tokens and verify several at once");
  command->add_flag("--card-embeddings", options->card_embeddings,
                    "Keep models' embedding tables on the card, where there is memory for them");
  command->add_option("--cards", options->cards, "Cards to use, counted from 0, as 0,2 [all]");
  command
      ->add_option("--drain", options->drain_seconds, "Seconds running answers get to end after SIGTERM [10]")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--port-file", options->port_file,
                      "Write the port listened on to this file once ready");
  command->add_option("--sidecar-port-file", options->sidecar_port_file,
                      "The same for the back-end routes; written first");
  command->footer(
      "Environment: OLLAMA_HOST, OLLAMA_ORIGINS, OLLAMA_KEEP_ALIVE, OLLAMA_MAX_QUEUE, "
      "OLLAMA_NUM_PARALLEL,\n"
      "OLLAMA_MAX_LOADED_MODELS, OLLAMA_LOAD_TIMEOUT, OLLAMA_CONTEXT_LENGTH, OLLAMA_NOPRUNE, OLLAMA_DEBUG "
      "(1, 2),\n"
      "OLLAMA_DEBUG_LOG_REQUESTS, OLLAMA_MAX_TRANSFER_STREAMS (each also as AXLLAMA_...),\n"
      "OLLAMA_MODELS (AXLLAMA_STORE),\n"
      "AXLLAMA_WATCH, AXLLAMA_PRELOAD, AXLLAMA_PIN, AXLLAMA_DRAFT,\n"
      "AXLLAMA_KV_SLOTS, AXLLAMA_KV_CACHE_DIR, AXLLAMA_KV_CACHE_DISK, AXLLAMA_KV_CACHE_HOST,\n"
      "AXLLAMA_SPECULATION, AXLLAMA_CARD_EMBEDDINGS, AXLLAMA_CARDS, AXLLAMA_MODELS, AXLLAMA_SIDECAR, "
      "AXLLAMA_AXCL_LIBRARY,\n"
      "AXLLAMA_CARD_CHECKS, AXLLAMA_CALL_TIMEOUT, AXLLAMA_ASYNC.");
  command->callback([options] { serve(*options); });
}

}  // namespace axllama::cli
