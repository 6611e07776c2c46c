#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "inference/generation.h"
#include "serving/event_channel.h"
#include "serving/service.h"

namespace axllama::serving {

/// A request on its way to the lane, or being served by it.
struct PendingRequest {
  std::uint64_t id = 0;
  ModelReference model;
  std::optional<inference::GenerationRequest> generation;  // unset: only load the model
  std::optional<KeepAlive> keep_alive;
  std::shared_ptr<EventChannel> channel;
};

}  // namespace axllama::serving
