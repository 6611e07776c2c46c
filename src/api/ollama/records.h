#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "api/chat/answer_reader.h"
#include "api/json_body.h"
#include "api/ollama/inference_call.h"
#include "inference/generation.h"

namespace axllama::api::ollama {

/// Figures of the last record.
struct Metrics {
  std::chrono::nanoseconds total{0};
  std::chrono::nanoseconds load{0};
  inference::GenerationStats stats;
};

/// The objects /api/generate and /api/chat answer with.
class Records {
 public:
  Records(InferenceCall::Form form, std::string model) : form_(form), model_(std::move(model)) {}

  /// What an answer that goes on has gained: thoughts, content and calls never share a record. `calls`: how
  /// many calls the answer held before.
  std::vector<Json> pieces(const chat::AnswerPiece& piece, std::size_t calls) const;
  /// The answer to a request that only loads or unloads a model.
  Json without_answer(const std::string& done_reason) const;
  /// The last record; a whole answer carries its message here. An empty `context` is left out.
  Json last(const chat::AnswerPiece& message, const std::string& done_reason, const Metrics& metrics,
            const std::vector<text::TokenId>& context) const;
  /// The rendered prompt instead of an answer.
  Json rendered(const std::string& prompt) const;

 private:
  Json begin(const chat::AnswerPiece& message, std::size_t calls, bool done) const;

  InferenceCall::Form form_;
  std::string model_;
};

/// {"error":"message"}
std::string error_json(const std::string& message);

}  // namespace axllama::api::ollama
