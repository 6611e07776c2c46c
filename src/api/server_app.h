#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "api/model_compiler.h"
#include "api/server_config.h"
#include "http/endpoint.h"
#include "serving/service.h"

namespace axllama::api {

/// The whole server: library, scheduler, dialects and listeners, wired by one configuration. Made and stopped
/// by one thread.
class ServerApp {
 public:
  /// `compile`: makes packages of weights; unset: weights are refused.
  explicit ServerApp(const ServerConfig& config, CompileFunction compile = {});
  ~ServerApp();  // stop(0)
  ServerApp(const ServerApp&) = delete;
  ServerApp& operator=(const ServerApp&) = delete;

  /// Listens. Throws Error (kUnavailable) naming the address that could not be listened on.
  void start();

  /// Where it listens (with the ports the system chose): the Ollama and OpenAI address first, then the
  /// sidecar's if it is on.
  const std::vector<http::Endpoint>& endpoints() const noexcept;
  serving::CardStatus card_status() const;

  /// Refuses new requests, lets running answers go on for at most `grace`, ends the others with an error,
  /// unloads the models and releases the card. Returns when all of that is done.
  void stop(std::chrono::milliseconds grace);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace axllama::api
