#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "api/chat/core.h"
#include "http/request.h"
#include "http/response_writer.h"
#include "inference/generation.h"
#include "serving/service.h"

namespace axllama::api::embedding {

/// Most texts of one request.
inline constexpr std::size_t kMostTexts = 2048;
/// Texts of one request that are with the scheduler at once: enough for every KV slot, and few enough for
/// others to find room in its queue.
inline constexpr std::size_t kTextsAtOnce = 8;

/// Prompts to be read by one model (see inference::Readout).
struct EvaluationPlan {
  serving::ModelReference model;
  std::optional<serving::KeepAlive> keep_alive;
  std::vector<inference::GenerationRequest> texts;  // each with a readout
};

/// What was read, by text.
struct Evaluations {
  std::vector<std::vector<float>> readouts;
  std::size_t prompt_tokens = 0;  // of all texts
  std::chrono::nanoseconds load_time{0};
};

/// Reads all texts, several at once; results stand in the order of the texts. The first error ends the work.
/// Arguments must outlive the coroutine. Throws what the scheduler and the engine say, as Error.
http::Awaitable<void> evaluate_all(chat::Core& core, EvaluationPlan& plan, const http::Request& request,
                                   Evaluations& evaluations);

}  // namespace axllama::api::embedding
