#include "inference/readout_loop.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <string>
#include <utility>

#include "base/error.h"
#include "inference/context_window.h"
#include "inference/generation_loop.h"

namespace axllama::inference {
namespace {

using base::Error;
using base::ErrorCode;
using Clock = std::chrono::steady_clock;

bool pools_all(const GenerationRequest& request, model::Pooling pooling) noexcept {
  return request.readout->logits_of.empty() && pooling == model::Pooling::kMean;
}

}  // namespace

SequencePlan readout_plan(const GenerationRequest& request, model::Pooling pooling) noexcept {
  return {.pinned = request.pinned_prompt_tokens, .reuse = !pools_all(request, pooling), .keep = false};
}

void check_readout(const GenerationRequest& request, std::size_t logits, std::size_t vocabulary,
                   std::size_t context_length) {
  check_prompt_tokens(request.prompt, vocabulary);
  const std::size_t limit = context_limit_of(request, context_length);
  if (request.prompt.size() > limit) {
    throw Error(ErrorCode::kInvalidArgument, "The text has " + std::to_string(request.prompt.size()) +
                                                 " tokens, which are more than the context length of " +
                                                 std::to_string(limit) + ".");
  }
  for (const text::TokenId token : request.readout->logits_of) {
    if (token < 0 || static_cast<std::size_t>(token) >= logits) {
      throw Error(ErrorCode::kInvalidArgument, "There is no logit of token " + std::to_string(token) +
                                                   "; the head gives " + std::to_string(logits) + ".");
    }
  }
}

ReadoutLoop::ReadoutLoop(std::unique_ptr<SequenceRunner> sequence, GenerationRequest request,
                         model::Pooling pooling)
    : sequence_(std::move(sequence)), request_(std::move(request)), pooling_(pooling) {
  stats_.prompt_tokens = request_.prompt.size();
}

SequencePlan ReadoutLoop::plan() const noexcept {
  return readout_plan(request_, pooling_);
}

void ReadoutLoop::require_running() const {
  if (ended_ || !sequence_) {
    throw Error(ErrorCode::kInternal, ended_ ? "A readout that had ended was asked for more."
                                             : "A suspended readout was asked for more.");
  }
}

void ReadoutLoop::require_step() const {
  if (!step_) {
    throw Error(ErrorCode::kInternal, "A readout's step was to be finished that had not begun.");
  }
}

void ReadoutLoop::suspend() noexcept {
  step_.reset();
  sequence_.reset();
  pool_.clear();
}

void ReadoutLoop::resume(std::unique_ptr<SequenceRunner> sequence) {
  if (ended_) {
    throw Error(ErrorCode::kInternal, "A readout that had ended was to be resumed.");
  }
  sequence_ = std::move(sequence);
  pool_.clear();
}

void ReadoutLoop::begin_step() {
  require_running();
  if (step_) {
    throw Error(ErrorCode::kInternal, "A readout's step began before the one before it was finished.");
  }
  step_.emplace();
}

void ReadoutLoop::await_step() {
  require_step();
  const Clock::time_point start = Clock::now();
  try {
    if (evaluate()) {
      step_->readout = read();
      step_->done = true;
    }
  } catch (...) {
    sequence_->forget();
    suspend();
    throw;
  }
  stats_.prompt_time += Clock::now() - start;
}

TokenEvent ReadoutLoop::finish_step() {
  require_step();
  TokenEvent event = std::move(*step_);
  step_.reset();
  if (event.done) {
    event.stats = stats_;
    ended_ = true;
    sequence_.reset();
  }
  return event;
}

/// One engine call; true when all of the prompt has been evaluated.
bool ReadoutLoop::evaluate() {
  const bool complete = sequence_->prefill(request_.prompt);
  stats_.prompt_time += sequence_->take_waited();
  if (complete && !request_.readout->logits_of.empty()) {
    sequence_->evaluate_logits(std::nullopt);
  }
  sequence_->wait();
  stats_.cached_prompt_tokens = sequence_->reused();
  if (pools_all(request_, pooling_)) {
    pool(sequence_->states()->evaluated());
  }
  return complete;
}

void ReadoutLoop::pool(std::span<const base::Bf16> rows) {
  pool_.add(rows, sequence_->states()->norm_gain());
}

/// Garbage counts as a failure of the card, which is tried again.
std::vector<float> ReadoutLoop::read() {
  std::vector<float> values;
  if (const std::vector<text::TokenId>& wanted = request_.readout->logits_of; !wanted.empty()) {
    const std::span<const base::Bf16> logits = sequence_->logits().all;
    std::transform(wanted.begin(), wanted.end(), std::back_inserter(values), [&](text::TokenId token) {
      return base::bf16_to_f32(logits[static_cast<std::size_t>(token)]);
    });
  } else {
    if (pooling_ == model::Pooling::kLast) {
      pool(sequence_->states()->last());
    }
    values = pool_.mean();
  }
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
    throw Error(ErrorCode::kDevice, "The card gave numbers that are not finite for a text of " +
                                        std::to_string(request_.prompt.size()) + " tokens.");
  }
  return values;
}

TokenEvent ReadoutLoop::cancel() {
  if (ended_) {
    throw Error(ErrorCode::kInternal, "A readout that had ended was cancelled.");
  }
  TokenEvent event;
  event.done = true;
  event.reason = FinishReason::kCancelled;
  event.stats = stats_;
  ended_ = true;
  suspend();
  return event;
}

}  // namespace axllama::inference
