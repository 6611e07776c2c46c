#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/endpoint.h"
#include "telemetry/log.h"

namespace axllama::api {

/// Everything `axllama serve` can be told. The environment fills it; options of the command line override.
struct ServerConfig {
  http::Endpoint listen;                  // AXLLAMA_HOST, OLLAMA_HOST
  std::optional<http::Endpoint> sidecar;  // AXLLAMA_SIDECAR; unset: off
  std::vector<std::filesystem::path>
      model_roots;              // AXLLAMA_MODELS (several with ':'), then the bundled models
  std::filesystem::path store;  // of models as Ollama keeps them: AXLLAMA_STORE, OLLAMA_MODELS
  bool prune_store = true;      // at start; OLLAMA_NOPRUNE: false
  std::vector<std::filesystem::path> watched_folders;  // AXLLAMA_WATCH (several with ':')
  std::vector<std::string> origins;                    // AXLLAMA_ORIGINS, OLLAMA_ORIGINS (comma separated)
  std::chrono::nanoseconds keep_alive = std::chrono::minutes(5);  // AXLLAMA_KEEP_ALIVE, OLLAMA_KEEP_ALIVE
  std::size_t context_length = 0;  // AXLLAMA_CONTEXT_LENGTH, OLLAMA_CONTEXT_LENGTH; 0: the model's own
  std::size_t max_queue = 512;     // AXLLAMA_MAX_QUEUE, OLLAMA_MAX_QUEUE
  std::size_t max_loaded = 0;      // AXLLAMA_MAX_LOADED_MODELS, OLLAMA_MAX_LOADED_MODELS; 0: as many as fit
  // AXLLAMA_LOAD_TIMEOUT, OLLAMA_LOAD_TIMEOUT: for a layer, or for opening a card; max(): no limit
  std::chrono::nanoseconds load_timeout = std::chrono::minutes(5);
  // AXLLAMA_CALL_TIMEOUT: of a call to the card while it answers; max(): no limit
  std::chrono::nanoseconds call_timeout = std::chrono::minutes(1);
  std::vector<std::string> preload;  // AXLLAMA_PRELOAD (commas): models loaded at the start
  std::vector<std::string> pinned;   // AXLLAMA_PIN (commas): loaded at the start, and then never evicted
  std::map<std::string, std::string> drafts;  // AXLLAMA_DRAFT ("MODEL=DRAFT", commas): guess for models
  std::size_t kv_slots = 0;  // AXLLAMA_KV_SLOTS: conversations per model kept on the card; 0: by its memory
  std::size_t parallel = 0;  // AXLLAMA_NUM_PARALLEL, OLLAMA_NUM_PARALLEL: answers at once; 0: one per slot
  std::vector<std::size_t> cards;      // AXLLAMA_CARDS: places in the list of cards, from 0; empty: all
  std::optional<bool> speculation;     // AXLLAMA_SPECULATION=on or off: tokens are guessed, or not, whatever
                                       // the card's self-test says of it
  bool card_embeddings = false;        // AXLLAMA_CARD_EMBEDDINGS=on: embedding tables on the card
  std::filesystem::path kv_cache_dir;  // AXLLAMA_KV_CACHE_DIR: conversations on disk; empty: none
  std::uint64_t kv_cache_disk = 8ULL << 30U;  // AXLLAMA_KV_CACHE_DISK: bytes of that
  std::uint64_t kv_cache_host = 512U << 20U;  // AXLLAMA_KV_CACHE_HOST: bytes of conversations in memory
  telemetry::LogLevel log_level =
      telemetry::LogLevel::kInfo;                 // AXLLAMA_DEBUG, OLLAMA_DEBUG: 1 or true: debug, 2: trace
  bool keep_requests = false;                     // AXLLAMA_DEBUG_LOG_REQUESTS, OLLAMA_DEBUG_LOG_REQUESTS
  std::chrono::milliseconds drain_grace{10'000};  // for running requests after SIGTERM
  bool asynchronous = true;  // AXLLAMA_ASYNC=off: cards are given work call by call, whatever they can do
  bool card_checks = true;   // AXLLAMA_CARD_CHECKS=off: no self-test, canary, costs at load
  std::filesystem::path canary_folder;  // ~/.axllama/canaries; empty without a home
  std::filesystem::path cost_folder;    // ~/.axllama/costs; empty without a home
  std::filesystem::path identity;       // the key for registries, made at the start; empty without a home
  std::vector<std::string> warnings;    // sentences about values that were not usable
};

/// Looks a variable up; null when it is not set. The default asks the process's environment.
using EnvironmentLookup = std::function<const char*(const char*)>;

/// Values are trimmed of blanks and quotes; AXLLAMA_X wins over OLLAMA_X; a value that cannot be read leaves
/// the default and adds a warning.
ServerConfig server_config_from_environment(const EnvironmentLookup& lookup = {});

/// All of it in one line, "NAME:value NAME:value", as the log shows it at the start.
std::string describe(const ServerConfig& config);

/// A time limit as the environment writes it: a Go duration or whole seconds; not above 0: none
/// (nanoseconds::max()). Throws Error.
std::chrono::nanoseconds parse_time_limit(const std::string& text);

/// Where packages are looked for when nothing else is said: the user's (~/.axllama/models), then those
/// bundled with the program.
std::vector<std::filesystem::path> default_model_roots(const EnvironmentLookup& lookup = {});

/// "0,2" as a list of cards. Throws Error (kInvalidArgument).
std::vector<std::size_t> parse_cards(const std::string& text);

/// "MODEL=DRAFT" as the two names. Throws Error (kInvalidArgument).
std::pair<std::string, std::string> parse_draft(const std::string& text);

/// A keep-alive as the environment writes it: a Go duration or whole seconds; negative: for ever. Throws
/// Error.
std::chrono::nanoseconds parse_keep_alive(const std::string& text);

}  // namespace axllama::api
