#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "inference/answer_account.h"
#include "inference/answer_constraint.h"
#include "inference/answer_text.h"
#include "inference/engine.h"
#include "inference/guesser.h"
#include "inference/log_probabilities.h"
#include "inference/repetition_guard.h"
#include "inference/sampler.h"
#include "inference/sequence_generation.h"
#include "inference/sequence_runner.h"

namespace axllama::inference {

/// One generation over a sequence: prefill, then decode, sample and detokenize until something ends it. What
/// is on the card can be lost and computed again: tokens, sampler and text stay on the host.
class GenerationLoop final : public SequenceGeneration {
 public:
  /// The request has been checked (see check_request). What `sequence` belongs to must outlive the loop, or
  /// its suspension.
  GenerationLoop(std::unique_ptr<SequenceRunner> sequence, GenerationRequest request,
                 std::shared_ptr<const text::Tokenizer> tokenizer, std::size_t context_length);

  bool waits() const override { return sequence_ && sequence_->waits(); }
  void begin_step() override;
  void await_step() override;
  TokenEvent finish_step() override;
  TokenEvent cancel() override;
  void suspend() noexcept override;

  void resume(std::unique_ptr<SequenceRunner> sequence) override;
  /// The prompt and what has been sampled, without what a context shift dropped.
  const std::vector<text::TokenId>& tokens() const noexcept override { return tokens_; }
  SequencePlan plan() const noexcept override { return {.pinned = request_.pinned_prompt_tokens}; }

 private:
  using Clock = std::chrono::steady_clock;

  /// A step that has begun.
  struct Step {
    explicit Step(Clock::time_point now) : begun(now) {}

    Clock::time_point begun;
    Clock::time_point evaluated;         // the card's part was done
    bool overdue = false;                // past the deadline: nothing is evaluated
    bool submitted = false;              // the card has its work
    std::optional<std::size_t> guesser;  // of guessers_: its guess is tried in this step
    bool decoded = false;                // plainly, or the prompt: there are logits after the last token
    TokenEvent event;                    // what verifying it has brought
  };

  /// Where guesses come from, and which numbers count them.
  struct CountedGuesser {
    std::unique_ptr<Guesser> guesser;
    std::size_t GenerationStats::* guessed;
    std::size_t GenerationStats::* accepted;
  };

  bool past_deadline() const;
  void submit();
  void evaluate();
  template <typename Work>
  void on_card(Work&& work);
  LogitsWanted logits_wanted() const;
  void take_next_token(TokenEvent& event, const Logits& logits);
  GuessEvaluator* evaluator();
  GuessPlace place(GuessEvaluator& evaluator) const;
  std::optional<std::size_t> choose_guesser();
  bool guess(Step& step);
  void count_decoded(GuessEvaluator& evaluator);
  void verify_guess(Step& step, const std::vector<text::TokenId>& guess);
  void count_time(const Step& step, bool first);
  void follow(text::TokenId token, TokenEvent& event);
  void finish(TokenEvent& event, FinishReason reason);
  void require_running() const;
  void require_step() const;

  std::unique_ptr<SequenceRunner> sequence_;  // null: suspended, or ended
  GenerationRequest request_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::size_t context_limit_;   // in tokens
  std::size_t longest_answer_;  // in tokens, by max_tokens and context
  Sampler sampler_;
  AnswerConstraint constraint_;
  std::vector<CountedGuesser> guessers_;   // the first whose guess is worth a try makes it
  std::optional<std::size_t> unfinished_;  // of these: works at a guess for the place where the answer is
  AnswerAccount account_;                  // of their guesses
  RepetitionGuard guard_;
  std::optional<LogProbabilities> logprobs_;
  AnswerText answer_;
  GenerationStats stats_;
  std::vector<text::TokenId> tokens_;
  std::optional<Step> step_;
  bool prefilled_ = false;  // the sequence has all tokens but the last, which is evaluated next
  bool ended_ = false;
};

/// Throws Error (kInvalidArgument) when the prompt is empty, has tokens outside the vocabulary or leaves no
/// room to answer.
void check_request(const GenerationRequest& request, std::size_t vocabulary, std::size_t context_length);
/// Of that, what is the same for prompts that are only read: tokens there are, of the vocabulary.
void check_prompt_tokens(std::span<const text::TokenId> prompt, std::size_t vocabulary);

}  // namespace axllama::inference
