#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "http/fetch.h"

namespace axllama::store {

/// One record for the client: Ollama's progress lines.
struct TransferProgress {
  std::string status;  // "pulling manifest"
  std::string digest = {};
  std::uint64_t total = 0;  // bytes
  std::uint64_t completed = 0;
};
/// Called on the thread that asked for the transfer; what it throws ends the transfer.
using ProgressFunction = std::function<void(const TransferProgress&)>;

/// How models are fetched and sent.
struct TransferOptions {
  std::size_t streams = 4;  // connections at once (OLLAMA_MAX_TRANSFER_STREAMS), at most 32
  std::uint64_t part_bytes = 32ULL * 1024 * 1024;  // fetched at a time; what a kill may cost per stream
  int retries = 6;                                 // of each part
  std::chrono::milliseconds backoff{500};          // before the first retry; doubles up to a minute
  std::chrono::milliseconds report_every{100};
  http::FetchOptions fetch;

  std::string hub = "https://huggingface.co";  // HF_ENDPOINT
  std::string hub_token;                       // HF_TOKEN
  /// "user:password" by host (AXLLAMA_REGISTRY_AUTH: "host=user:password", several with commas).
  std::map<std::string, std::string> registry_credentials;
  /// The key that registries are asked for tokens with (~/.ollama/id_ed25519); need not be there.
  std::filesystem::path identity;
  std::filesystem::path catalogue;  // a user's own (AXLLAMA_CATALOGUE); may be empty

  /// Bytes free for the store in a folder.
  std::function<std::uint64_t(const std::filesystem::path&)> free_space;
};

/// Looks a variable up; null when it is not set.
using Environment = std::function<const char*(const char*)>;
/// With HF_ENDPOINT, HF_TOKEN (else the file the hub's own tools keep it in), AXLLAMA_REGISTRY_AUTH,
/// AXLLAMA_MAX_TRANSFER_STREAMS (else OLLAMA_MAX_TRANSFER_STREAMS) and AXLLAMA_CATALOGUE. Values are trimmed
/// of blanks and quotes; one that cannot be read leaves the default.
TransferOptions transfer_options_from_environment(const Environment& environment = {});

}  // namespace axllama::store
