#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "inference/answer_constraint.h"
#include "inference/answer_text.h"
#include "inference/engine.h"
#include "inference/log_probabilities.h"
#include "inference/repetition_guard.h"
#include "inference/sampler.h"
#include "inference/sequence_runner.h"

namespace axllama::inference {

/// One generation over a SequenceRunner: prefill, then decode, sample and detokenize until something ends it.
class GenerationLoop final : public Engine::Generation {
 public:
  /// The request has been checked (see check_request). `runner` must outlive the loop; `on_end` is called
  /// once, when the generation ends or the loop is destroyed, whichever is first.
  GenerationLoop(SequenceRunner& runner, GenerationRequest request,
                 std::shared_ptr<const text::Tokenizer> tokenizer, std::size_t context_length,
                 std::function<void()> on_end);
  ~GenerationLoop() override;
  GenerationLoop(const GenerationLoop&) = delete;
  GenerationLoop& operator=(const GenerationLoop&) = delete;

  TokenEvent step() override;
  TokenEvent cancel() override;

 private:
  void evaluate(TokenEvent& event);
  void take_next_token(TokenEvent& event);
  void follow(text::TokenId token, TokenEvent& event);
  void finish(TokenEvent& event, FinishReason reason);
  void end() noexcept;
  void require_running() const;

  SequenceRunner& runner_;
  GenerationRequest request_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::size_t longest_answer_;  // in tokens, by max_tokens and context
  Sampler sampler_;
  AnswerConstraint constraint_;
  RepetitionGuard guard_;
  std::optional<LogProbabilities> logprobs_;
  AnswerText answer_;
  std::function<void()> on_end_;
  GenerationStats stats_;
  text::TokenId last_token_ = 0;
  bool begun_ = false;
  bool prefilled_ = false;
  bool ended_ = false;
};

/// Throws Error (kInvalidArgument) when the prompt is empty, has tokens outside the vocabulary or leaves no
/// room to answer.
void check_request(const GenerationRequest& request, std::size_t vocabulary, std::size_t context_length);

}  // namespace axllama::inference
