#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "inference/generation.h"
#include "serving/backend.h"
#include "serving/event_channel.h"
#include "serving/lane_policy.h"
#include "serving/service.h"

namespace axllama::serving {

/// A request on its way to the lane, or being served by it.
struct PendingRequest {
  std::uint64_t id = 0;
  std::string client;
  ModelReference model;
  std::optional<inference::GenerationRequest> generation;  // unset: only load the model
  std::optional<KeepAlive> keep_alive;
  std::shared_ptr<EventChannel> channel;
  bool pin = false;         // the model, from now on
  bool told_ready = false;  // the reader knows that the model is loaded
};

/// What the lane's policy has to know of it.
inline Ticket ticket_of(const PendingRequest& request) {
  Ticket ticket{request.id, request.client, request.model.digest, request.generation.has_value()};
  if (request.generation) {
    ticket.deadline = request.generation->deadline;
  }
  if (request.model.draft) {
    ticket.draft = request.model.draft->digest;
  }
  return ticket;
}

/// A request whose answer is being generated.
struct RunningRequest {
  PendingRequest request;  // without its `generation`
  std::unique_ptr<inference::Engine::Generation> generation;
  ModelInstance* model = nullptr;  // null: to be made ready again
  bool has_tokens = false;         // some were generated
  std::size_t failures = 0;        // in a row, without a token in between
};

}  // namespace axllama::serving
