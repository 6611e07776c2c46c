#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "inference/final_norm.h"
#include "inference/sequence_generation.h"
#include "model/package.h"

namespace axllama::inference {

/// Evaluates a prompt and reads something out of it: one chunk per step, so that other sequences take turns.
/// What is read lies where the next sequence writes, so await_step() does all of a step.
/// What the card loses is computed again from the beginning of what is missing.
class ReadoutLoop final : public SequenceGeneration {
 public:
  /// The request has been checked (see check_readout), and `sequence` made by readout_plan(). What it belongs
  /// to must outlive the loop, or its suspension.
  ReadoutLoop(std::unique_ptr<SequenceRunner> sequence, GenerationRequest request, model::Pooling pooling);

  bool waits() const override { return sequence_ && sequence_->waits(); }
  void begin_step() override;
  void await_step() override;
  TokenEvent finish_step() override;
  TokenEvent cancel() override;
  void suspend() noexcept override;

  void resume(std::unique_ptr<SequenceRunner> sequence) override;
  const std::vector<text::TokenId>& tokens() const noexcept override { return request_.prompt; }
  SequencePlan plan() const noexcept override;

 private:
  bool evaluate();
  void pool(std::span<const base::Bf16> rows);
  std::vector<float> read();
  void require_running() const;
  void require_step() const;

  std::unique_ptr<SequenceRunner> sequence_;  // null: suspended, or ended
  GenerationRequest request_;
  model::Pooling pooling_;
  StatePool pool_;
  std::optional<TokenEvent> step_;  // one that has begun
  GenerationStats stats_;
  bool ended_ = false;
};

/// A mean needs every token's hidden state, which no cache has; nothing that is only read is gone on with.
SequencePlan readout_plan(const GenerationRequest& request, model::Pooling pooling) noexcept;

/// Throws Error (kInvalidArgument) when the prompt is empty, has tokens outside the vocabulary or is longer
/// than the context, or when there are no logits of a token asked for.
void check_readout(const GenerationRequest& request, std::size_t logits, std::size_t vocabulary,
                   std::size_t context_length);

}  // namespace axllama::inference
