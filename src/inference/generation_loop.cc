#include "inference/generation_loop.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "base/error.h"
#include "inference/context_window.h"
#include "inference/draft_guesser.h"
#include "inference/text_guesser.h"

namespace axllama::inference {
namespace {

using base::Error;
using base::ErrorCode;

}  // namespace

void check_prompt_tokens(std::span<const text::TokenId> prompt, std::size_t vocabulary) {
  if (prompt.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "The prompt has no tokens.");
  }
  for (std::size_t i = 0; i < prompt.size(); ++i) {
    const text::TokenId token = prompt[i];
    if (token < 0 || static_cast<std::size_t>(token) >= vocabulary) {
      throw Error(ErrorCode::kInvalidArgument, "Token " + std::to_string(token) + " at place " +
                                                   std::to_string(i) +
                                                   " of the prompt is outside the model's vocabulary of " +
                                                   std::to_string(vocabulary) + " tokens.");
    }
  }
}

void check_request(const GenerationRequest& request, std::size_t vocabulary, std::size_t context_length) {
  check_prompt_tokens(request.prompt, vocabulary);
  const std::size_t limit = context_limit_of(request, context_length);
  if (request.prompt.size() >= limit) {
    throw Error(
        ErrorCode::kInvalidArgument,
        "The prompt is longer than the context allows: it has " + std::to_string(request.prompt.size()) +
            " tokens, and the context length of " + std::to_string(limit) +
            " tokens must hold prompt and answer. Shorten the prompt or use a model with a longer context.");
  }
}

GenerationLoop::GenerationLoop(std::unique_ptr<SequenceRunner> sequence, GenerationRequest request,
                               std::shared_ptr<const text::Tokenizer> tokenizer, std::size_t context_length)
    : sequence_(std::move(sequence)),
      request_(std::move(request)),
      tokenizer_(std::move(tokenizer)),
      context_limit_(context_limit_of(request_, context_length)),
      longest_answer_(longest_answer_of(request_, context_length)),
      sampler_(request_.sampling, context_length),
      constraint_(request_.constraint, request_.constraint_after, tokenizer_),
      answer_(tokenizer_, request_.stop, request_.emit_special_tokens),
      tokens_(request_.prompt) {
  if (request_.top_logprobs) {
    logprobs_.emplace(tokenizer_, *request_.top_logprobs);
  }
  stats_.prompt_tokens = tokens_.size();
  if (request_.speculate) {
    guessers_.push_back({std::make_unique<TextGuesser>(), &GenerationStats::guessed_tokens,
                         &GenerationStats::accepted_tokens});
    if (request_.longest_draft > 0) {
      guessers_.push_back({std::make_unique<DraftGuesser>(request_.longest_draft),
                           &GenerationStats::drafted_tokens, &GenerationStats::accepted_drafts});
    }
  }
  for (const text::TokenId token : tokens_) {
    sampler_.accept(token);
    for (const CountedGuesser& source : guessers_) {
      source.guesser->accept(token);
    }
  }
}

void GenerationLoop::suspend() noexcept {
  step_.reset();
  unfinished_.reset();
  sequence_.reset();
  prefilled_ = false;
}

void GenerationLoop::resume(std::unique_ptr<SequenceRunner> sequence) {
  if (ended_) {
    throw Error(ErrorCode::kInternal, "A generation that had ended was to be resumed.");
  }
  sequence_ = std::move(sequence);
  prefilled_ = false;
}

void GenerationLoop::require_running() const {
  if (ended_ || !sequence_) {
    throw Error(ErrorCode::kInternal, ended_ ? "A generation that had ended was asked for more."
                                             : "A suspended generation was asked for more.");
  }
}

void GenerationLoop::require_step() const {
  if (!step_) {
    throw Error(ErrorCode::kInternal, "A generation's step was to be finished that had not begun.");
  }
}

void GenerationLoop::finish(TokenEvent& event, FinishReason reason) {
  event.done = true;
  event.reason = reason;
  if (reason == FinishReason::kStop) {
    event.stop_string = answer_.stop_string();
  }
}

bool GenerationLoop::past_deadline() const {
  return request_.deadline && Clock::now() >= *request_.deadline;
}

/// What the card computed is not trusted after an error.
template <typename Work>
void GenerationLoop::on_card(Work&& work) {
  try {
    std::forward<Work>(work)();
  } catch (...) {
    sequence_->forget();
    suspend();
    throw;
  }
}

void GenerationLoop::begin_step() {
  require_running();
  if (step_) {
    throw Error(ErrorCode::kInternal, "A generation's step began before the one before it was finished.");
  }
  step_.emplace(Clock::now());
  step_->overdue = past_deadline();
  if (step_->overdue) {
    return;
  }
  step_->guesser = unfinished_ ? std::exchange(unfinished_, std::nullopt) : choose_guesser();
  if (!step_->guesser && sequence_->submits(tokens_)) {
    on_card([this] { submit(); });
  }
}

void GenerationLoop::submit() {
  if (prefilled_) {
    sequence_->decode(tokens_.back());
  } else {
    prefilled_ = sequence_->prefill(tokens_);
  }
  if (prefilled_ && longest_answer_ > 0) {
    sequence_->evaluate_logits(logits_wanted());
  }
  step_->submitted = true;
}

void GenerationLoop::evaluate() {
  if (!step_->submitted) {
    submit();
  }
  sequence_->wait();
  step_->decoded = true;
}

void GenerationLoop::await_step() {
  require_step();
  if (step_->overdue) {
    return;
  }
  on_card([this] {
    if (!step_->guesser || !guess(*step_)) {
      evaluate();
    }
  });
  step_->evaluated = Clock::now();
}

TokenEvent GenerationLoop::finish_step() {
  require_step();
  Step step = std::move(*step_);
  step_.reset();
  TokenEvent event = std::move(step.event);
  const bool first = stats_.generated_tokens == 0;
  if (step.overdue) {
    event.text = answer_.finish();
    finish(event, FinishReason::kLength);
  } else if (prefilled_ && longest_answer_ == 0) {
    finish(event, FinishReason::kLength);
  } else if (prefilled_ && step.decoded) {
    on_card([&] { take_next_token(event, sequence_->logits()); });  // logits may be no numbers
  }
  if (!step.overdue) {
    count_time(step, first);
  }
  if (event.done) {
    event.stats = stats_;
    ended_ = true;
    sequence_.reset();
  }
  return event;
}

/// The time until the prompt has been evaluated is the prompt's, the rest is the answer's.
void GenerationLoop::count_time(const Step& step, bool first) {
  Clock::time_point generating_since = step.begun;
  if (first) {
    stats_.cached_prompt_tokens = sequence_->reused();
    generating_since = step.evaluated;
    stats_.prompt_time += generating_since - step.begun + sequence_->take_waited();
  }
  stats_.generation_time += Clock::now() - generating_since;
}

/// Null where nothing can be guessed now.
GuessEvaluator* GenerationLoop::evaluator() {
  return guessers_.empty() || !prefilled_ ? nullptr : sequence_->guesses();
}

/// The token before a guess is evaluated with it, and one comes behind it.
GuessPlace GenerationLoop::place(GuessEvaluator& evaluator) const {
  const std::size_t rest = longest_answer_ - stats_.generated_tokens;
  const std::size_t room =
      std::min({evaluator.longest(), rest, context_limit_ + 1 - std::min(context_limit_, tokens_.size())});
  return {evaluator, tokens_, room < 2 ? 0 : room - 1, rest, account_};
}

std::optional<std::size_t> GenerationLoop::choose_guesser() {
  GuessEvaluator* guesses = evaluator();
  if (guesses == nullptr) {
    return std::nullopt;
  }
  const GuessPlace here = place(*guesses);
  for (std::size_t i = 0; i < guessers_.size(); ++i) {
    if (guessers_[i].guesser->worth_trying(here)) {
      return i;
    }
  }
  count_decoded(*guesses);
  return std::nullopt;
}

/// A token is decoded without a guess.
void GenerationLoop::count_decoded(GuessEvaluator& evaluator) {
  for (const CountedGuesser& source : guessers_) {
    source.guesser->decoded(evaluator);
  }
  account_.decoded(evaluator.costs());
}

/// Has the guess made, which may take several steps, or verifies it. False where nothing is guessed after
/// all: a token is to be decoded.
bool GenerationLoop::guess(Step& step) {
  GuessEvaluator& guesses = *evaluator();
  const Clock::time_point start = Clock::now();
  const GuessPlace here = place(guesses);
  auto guess = guessers_[*step.guesser].guesser->guess(here);
  if (!guess) {
    account_.add(-std::chrono::duration<double>(Clock::now() - start).count());
    unfinished_ = step.guesser;
    return true;
  }
  guess->resize(std::min(guess->size(), here.longest));  // costs, and so the chunk, may be others by now
  if (guess->empty()) {
    count_decoded(guesses);
    return false;
  }
  verify_guess(step, *guess);
  return true;
}

/// Every token is sampled exactly as it would be without the guess, from the same logits and with the same
/// random numbers; the guess has come true as far as the two agree. That is rejection sampling: a guessed
/// token is accepted with its probability, and what replaces a rejected one is drawn from the rest.
void GenerationLoop::verify_guess(Step& step, const std::vector<text::TokenId>& guess) {
  GuessEvaluator& guesses = *sequence_->guesses();
  const SpeculationCosts costs = guesses.costs();
  TokenEvent& event = step.event;
  std::vector<text::TokenId> tokens = {tokens_.back()};
  tokens.insert(tokens.end(), guess.begin(), guess.end());
  const Clock::time_point start = Clock::now();
  guesses.evaluate(tokens);
  const std::chrono::duration<double> time = Clock::now() - start;
  std::size_t kept = 0;
  do {
    take_next_token(event, guesses.logits(kept, logits_wanted()));
    ++kept;
  } while (!event.done && prefilled_ && kept < tokens.size() && tokens_.back() == tokens[kept]);
  guesses.keep(kept);
  const CountedGuesser& source = guessers_[*step.guesser];
  const GuessOutcome outcome{guess.size(), kept - 1, event.done, time.count(), costs};
  account_.add(static_cast<double>(kept) * costs.decode - time.count());
  stats_.*source.guessed += outcome.guessed;
  stats_.*source.accepted += outcome.accepted;
  source.guesser->tried(guesses, outcome);
}

LogitsWanted GenerationLoop::logits_wanted() const {
  return request_.constraint || logprobs_ ? std::nullopt : sampler_.largest_needed();
}

void GenerationLoop::take_next_token(TokenEvent& event, const Logits& logits) {
  const text::TokenId token = logits.all.empty() ? sampler_.sample(logits.largest)
                                                 : sampler_.sample(logits.all, constraint_.allowed());
  if (logprobs_) {
    event.logprobs.push_back(logprobs_->of(token, logits.all));
  }
  tokens_.push_back(token);
  ++stats_.generated_tokens;
  event.tokens.push_back(token);
  follow(token, event);
}

/// What a token of the answer brings about: its text, and perhaps the end.
void GenerationLoop::follow(text::TokenId token, TokenEvent& event) {
  if (tokenizer_->is_eos(token) && (request_.constraint || !request_.ignore_end_of_sequence)) {
    if (logprobs_) event.logprobs.pop_back();
    event.text += answer_.finish();
    finish(event, FinishReason::kStop);
    return;
  }
  sampler_.accept(token);
  for (const CountedGuesser& source : guessers_) {
    source.guesser->accept(token);
  }
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
  } else if (tokens_.size() > context_limit_) {
    shift_context(tokens_, request_.keep_tokens);
    prefilled_ = false;
  }
}

TokenEvent GenerationLoop::cancel() {
  if (ended_) {
    throw Error(ErrorCode::kInternal, "A generation that had ended was cancelled.");
  }
  TokenEvent event;
  finish(event, FinishReason::kCancelled);
  event.stats = stats_;
  ended_ = true;
  step_.reset();
  sequence_.reset();
  return event;
}

}  // namespace axllama::inference
