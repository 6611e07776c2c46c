#include "inference/draft_sequence.h"

#include <algorithm>

#include "base/error.h"
#include "telemetry/log.h"

namespace axllama::inference {
namespace {

/// Engine calls that reading what was missed may take at a time, so that nobody waits long for the card.
/// After a guess that came true altogether two tokens are missing.
constexpr std::size_t kCallsAtOnce = 2;

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

bool DraftSequence::follow(std::span<const text::TokenId> tokens) {
  if (!sequence_ && !take_slot(tokens)) {
    return false;
  }
  const auto vocabulary = static_cast<text::TokenId>(model_.runner.vocabulary());
  const auto unread = tokens.subspan(sequence_->cached(tokens));
  if (std::any_of(unread.begin(), unread.end(), [&](text::TokenId token) { return token >= vocabulary; })) {
    give_up("the sequence has a token beyond its embedding table");
    return false;
  }
  for (std::size_t call = 0; call < kCallsAtOnce; ++call) {
    const bool there = sequence_->prefill(tokens);
    if (there) {
      sequence_->evaluate_logits(kLikeliest);
    }
    sequence_->wait();
    if (there) {
      return true;
    }
  }
  return false;
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

std::vector<text::TokenId> DraftSequence::guess(std::size_t count) {
  std::vector<text::TokenId> guessed;
  while (const std::optional<text::TokenId> next = likeliest()) {
    if (static_cast<std::size_t>(*next) >= model_.vocabulary) {
      break;
    }
    guessed.push_back(*next);
    if (guessed.size() == count || model_.runner.package().tokenizer().is_eos(*next)) {
      break;
    }
    sequence_->decode(*next);
    sequence_->evaluate_logits(kLikeliest);
    sequence_->wait();
  }
  return guessed;
}

void DraftSequence::forget() noexcept {
  if (sequence_) {
    sequence_->forget();
    sequence_.reset();
  }
}

}  // namespace axllama::inference
