#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "serving/service.h"

namespace axllama::serving {

/// What is known of a card's memory when a model does not get on it.
struct CardRoom {
  std::string model;
  std::optional<std::uint64_t> needed_bytes;  // at least
  std::optional<std::uint64_t> free_bytes;
  std::optional<std::uint64_t> total_bytes;
  std::vector<LoadedModel> others;  // that are on the card and could not go
};

/// "big:latest does not fit on the card: it takes at least 4.2 GB, and 1.1 GB of 7.0 GB are free. a:latest
/// (pinned) takes 3.0 GB, the rest of the system 2.9 GB." with what is known, and `reason` (a sentence, may
/// be empty) of the card. The code is kResourceExhausted.
base::Error no_room(const CardRoom& room, const std::string& reason);

/// As many models are on the card as there may be, and none of them can go.
base::Error too_many_models(const CardRoom& room, std::size_t most);

}  // namespace axllama::serving
