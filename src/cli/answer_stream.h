#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "cli/answer_printer.h"
#include "cli/api_client.h"

namespace axllama::cli {

/// Posts a generate or chat request and prints the answer as it comes. Until its first record, a bar on the
/// terminal shows the layers being loaded. Returns false when `cancelled` ended it.
bool stream_answer(ApiClient& client, const std::string& path, const nlohmann::ordered_json& request,
                   AnswerPrinter& printer, const std::atomic<bool>& cancelled);

/// How far a model is on its way to the card.
struct LoadingState {
  std::size_t layers_loaded = 0;
  std::size_t layers_total = 0;
};

/// What a reply of GET /api/ps says of a model that is being loaded; empty when none is.
std::optional<LoadingState> loading_state(const nlohmann::ordered_json& ps_reply);

}  // namespace axllama::cli
