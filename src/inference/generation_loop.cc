#include "inference/generation_loop.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "base/error.h"

namespace axllama::inference {
namespace {

using base::Error;
using base::ErrorCode;
using Clock = std::chrono::steady_clock;

}  // namespace

void check_request(const GenerationRequest& request, std::size_t vocabulary, std::size_t context_length) {
  if (request.prompt.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "The prompt has no tokens.");
  }
  if (request.prompt.size() >= context_length) {
    throw Error(
        ErrorCode::kInvalidArgument,
        "The prompt is longer than the context allows: it has " + std::to_string(request.prompt.size()) +
            " tokens, and the model's context length of " + std::to_string(context_length) +
            " tokens must hold prompt and answer. Shorten the prompt or use a model with a longer context.");
  }
  for (std::size_t i = 0; i < request.prompt.size(); ++i) {
    const text::TokenId token = request.prompt[i];
    if (token < 0 || static_cast<std::size_t>(token) >= vocabulary) {
      throw Error(ErrorCode::kInvalidArgument, "Token " + std::to_string(token) + " at place " +
                                                   std::to_string(i) +
                                                   " of the prompt is outside the model's vocabulary of " +
                                                   std::to_string(vocabulary) + " tokens.");
    }
  }
}

GenerationLoop::GenerationLoop(SequenceRunner& runner, GenerationRequest request,
                               std::shared_ptr<const text::Tokenizer> tokenizer, std::size_t context_length,
                               std::function<void()> on_end)
    : runner_(runner),
      request_(std::move(request)),
      tokenizer_(std::move(tokenizer)),
      longest_answer_(context_length - request_.prompt.size()),
      sampler_(request_.sampling, context_length),
      constraint_(request_.constraint, request_.constraint_after, tokenizer_),
      answer_(tokenizer_, request_.stop, request_.emit_special_tokens),
      on_end_(std::move(on_end)) {
  if (request_.max_tokens >= 0) {
    longest_answer_ = std::min(longest_answer_, static_cast<std::size_t>(request_.max_tokens));
  }
  if (request_.top_logprobs) {
    logprobs_.emplace(tokenizer_, *request_.top_logprobs);
  }
  stats_.prompt_tokens = request_.prompt.size();
  for (const text::TokenId token : request_.prompt) {
    sampler_.accept(token);
  }
}

GenerationLoop::~GenerationLoop() {
  end();
}

void GenerationLoop::end() noexcept {
  if (!std::exchange(ended_, true) && on_end_) {
    on_end_();
  }
}

void GenerationLoop::require_running() const {
  if (ended_) {
    throw Error(ErrorCode::kInternal, "A generation that had ended was asked for more.");
  }
}

void GenerationLoop::finish(TokenEvent& event, FinishReason reason) {
  event.done = true;
  event.reason = reason;
}

TokenEvent GenerationLoop::step() {
  require_running();
  TokenEvent event;
  try {
    evaluate(event);
  } catch (...) {
    runner_.forget();
    end();
    throw;
  }
  if (event.done) {
    event.stats = stats_;
    end();
  }
  return event;
}

void GenerationLoop::evaluate(TokenEvent& event) {
  const Clock::time_point start = Clock::now();
  if (!prefilled_) {
    if (!std::exchange(begun_, true)) {
      stats_.cached_prompt_tokens = runner_.begin(request_.prompt);
    }
    prefilled_ = runner_.prefill(request_.prompt);
    stats_.prompt_time += Clock::now() - start;
    if (!prefilled_) {
      return;
    }
    if (longest_answer_ == 0) {
      finish(event, FinishReason::kLength);
      return;
    }
  } else {
    runner_.decode(last_token_);
  }
  const Clock::time_point evaluated = stats_.generated_tokens == 0 ? Clock::now() : start;
  take_next_token(event);
  stats_.generation_time += Clock::now() - evaluated;
}

void GenerationLoop::take_next_token(TokenEvent& event) {
  const std::span<const base::Bf16> logits = runner_.logits();
  last_token_ = sampler_.sample(logits, constraint_.allowed());
  if (logprobs_) {
    event.logprobs.push_back(logprobs_->of(last_token_, logits));
  }
  ++stats_.generated_tokens;
  event.tokens.push_back(last_token_);
  follow(last_token_, event);
}

/// What a token of the answer brings about: its text, and perhaps the end.
void GenerationLoop::follow(text::TokenId token, TokenEvent& event) {
  if (tokenizer_->is_eos(token) && (request_.constraint || !request_.ignore_end_of_sequence)) {
    event.text += answer_.finish();
    finish(event, FinishReason::kStop);
    return;
  }
  sampler_.accept(token);
  constraint_.accept(token);
  guard_.accept(token);
  event.text += answer_.push(token);
  const bool looping =
      guard_.looping() && request_.sampling.repetition_guard && !request_.ignore_end_of_sequence;
  if (answer_.stopped()) {
    finish(event, FinishReason::kStop);
  } else if (constraint_.finished()) {
    event.text += answer_.finish();
    finish(event, FinishReason::kStop);
  } else if (looping || stats_.generated_tokens >= longest_answer_) {
    event.text += answer_.finish();
    finish(event, answer_.stopped() ? FinishReason::kStop : FinishReason::kLength);
  }
}

TokenEvent GenerationLoop::cancel() {
  require_running();
  TokenEvent event;
  finish(event, FinishReason::kCancelled);
  event.stats = stats_;
  end();
  return event;
}

}  // namespace axllama::inference
