#include "inference/draft_sequence.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "telemetry/log.h"

namespace axllama::inference {
namespace {

constexpr LogitsWanted kLikeliest = 1;

}  // namespace

DraftModel::DraftModel(ModelRunner& guessing, const ModelRunner& guessed_for)
    : runner(guessing),
      vocabulary(guessed_for.vocabulary()),
      share(static_cast<double>(guessing.card_bytes()) / static_cast<double>(guessed_for.card_bytes())) {}

/// It evaluates all tokens, and all guessed ones but the last.
std::size_t DraftSequence::longest(std::span<const text::TokenId> tokens) const {
  const std::size_t context = model_.runner.shapes().context;
  return given_up_ || tokens.size() > context ? 0 : context - tokens.size() + 1;
}

/// Tokens that need not be evaluated.
std::size_t DraftSequence::cached(std::span<const text::TokenId> tokens) const {
  if (sequence_) {
    return sequence_->cached(tokens);
  }
  const KvSlot* slot = model_.runner.slots().longest_match(tokens, nullptr);
  return slot == nullptr ? 0 : slot->cache.common_prefix(tokens);
}

DraftCosts DraftSequence::costs(std::span<const text::TokenId> tokens, double decode) const {
  const CostMeter& meter = model_.runner.costs();
  const double unit = meter.measured() ? 1 : decode * model_.share;  // seconds
  const double token = meter.costs().decode_step * unit;
  const double reading = model_.runner.prefill_cost(cached(tokens), tokens.size()) * unit;
  return {.catch_up = std::max(reading - token, 0.0), .token = token};
}

void DraftSequence::give_up(const char* why) {
  given_up_ = true;
  sequence_.reset();
  telemetry::log(telemetry::LogLevel::kDebug, "a draft model guesses nothing for an answer",
                 {{"model", model_.runner.package().files().name}, {"why", why}});
}

bool DraftSequence::take_slot(std::span<const text::TokenId> tokens) {
  try {
    sequence_ = std::make_unique<CachedSequence>(model_.runner, nullptr, tokens, SequencePlan{.keep = false});
    return true;
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kResourceExhausted) {
      throw;
    }
    give_up(error.what());
    return false;
  }
}

bool DraftSequence::can_read(std::span<const text::TokenId> tokens) {
  if (given_up_ || (!sequence_ && !take_slot(tokens))) {
    return false;
  }
  const auto vocabulary = static_cast<text::TokenId>(model_.runner.vocabulary());
  const auto unread = tokens.subspan(sequence_->cached(tokens));
  if (std::any_of(unread.begin(), unread.end(), [&](text::TokenId token) { return token >= vocabulary; })) {
    give_up("the sequence has a token beyond its embedding table");
    return false;
  }
  return true;
}

DraftCall DraftSequence::read(std::span<const text::TokenId> tokens) {
  const std::size_t before = sequence_->cached(tokens);
  const bool there = sequence_->prefill(tokens);
  if (there) {
    sequence_->evaluate_logits(kLikeliest);
  }
  sequence_->wait();
  const std::size_t now = there ? tokens.size() : sequence_->cached(tokens);
  if (there) {
    guess_token();
  }
  return {.tokens = std::max<std::size_t>(now - before, 1), .reading = !there};
}

DraftCall DraftSequence::advance(std::span<const text::TokenId> tokens, std::size_t count) {
  if (ended_ || guessed_.size() >= count) {
    return {};
  }
  if (guessed_.empty()) {
    return can_read(tokens) ? read(tokens) : DraftCall{};
  }
  sequence_->decode(guessed_.back());
  sequence_->evaluate_logits(kLikeliest);
  sequence_->wait();
  guess_token();
  return {.tokens = 1};
}

/// Empty when the logits are no numbers.
std::optional<text::TokenId> DraftSequence::likeliest() {
  try {
    const Logits logits = sequence_->logits();
    if (logits.all.empty()) {
      require_largest(logits.largest);
      return logits.largest.front().id;
    }
    return selection_.best(logits.all).id;
  } catch (const base::Error& error) {
    give_up(error.what());
    return std::nullopt;
  }
}

/// From the logits after all that is read.
void DraftSequence::guess_token() {
  const std::optional<text::TokenId> next = likeliest();
  ended_ = !next || static_cast<std::size_t>(*next) >= model_.vocabulary;
  if (!ended_) {
    guessed_.push_back(*next);
    ended_ = model_.runner.package().tokenizer().is_eos(*next);
  }
}

std::vector<text::TokenId> DraftSequence::take() {
  ended_ = false;
  return std::exchange(guessed_, {});
}

void DraftSequence::forget() noexcept {
  guessed_.clear();
  ended_ = false;
  if (sequence_) {
    sequence_->forget();
    sequence_.reset();
  }
}

}  // namespace axllama::inference
