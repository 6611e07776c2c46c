#include "inference/draft_guesser.h"

#include <algorithm>
#include <chrono>

namespace axllama::inference {
namespace {

/// Turns that reading may take in a row before a token of the answer is decoded.
constexpr std::size_t kReadsInARow = 2;

}  // namespace

bool DraftGuesser::worth_trying(const GuessPlace& place) {
  DraftRunner* draft = place.evaluator.draft();
  if (draft == nullptr) {
    return false;
  }
  count_ = 0;
  if (const std::size_t longest = std::min({longest_, place.longest, draft->longest(place.tokens)})) {
    const SpeculationCosts costs = place.evaluator.costs();
    const DraftCosts own = draft->costs(place.tokens, costs.decode);
    count_ = draft->policy().length(longest, place.rest, costs, own, place.account);
    at_once_ =
        own.token > 0 ? std::max<std::size_t>(static_cast<std::size_t>(costs.chunk / own.token), 1) : 1;
  }
  reads_ = 0;
  pausing_ = false;
  seconds_ = 0;
  return count_ > 0;
}

std::optional<std::vector<text::TokenId>> DraftGuesser::guess(const GuessPlace& place) {
  if (pausing_) {
    return std::vector<text::TokenId>{};
  }
  DraftRunner& draft = *place.evaluator.draft();
  const auto begun = std::chrono::steady_clock::now();
  std::size_t steps = 0;
  DraftCall call;
  do {
    call = draft.advance(place.tokens, count_);
    steps += call.tokens;
  } while (call.tokens == 1 && steps < at_once_);
  if (steps == 0) {
    return draft.take();
  }
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begun;
  if (call.reading || call.tokens > 1) {
    draft.policy().caught_up(time.count());
  } else {
    seconds_ += time.count();
  }
  reads_ += call.reading ? 1 : 0;
  pausing_ = call.reading && reads_ >= kReadsInARow;
  return std::nullopt;
}

void DraftGuesser::tried(GuessEvaluator& evaluator, const GuessOutcome& outcome) {
  evaluator.draft()->policy().tried({.guessed = outcome.guessed,
                                     .accepted = outcome.accepted,
                                     .ended = outcome.ended,
                                     .chunk = outcome.seconds,
                                     .drafting = seconds_},
                                    outcome.costs);
}

void DraftGuesser::decoded(GuessEvaluator& evaluator) {
  if (DraftRunner* draft = evaluator.draft()) {
    draft->policy().decoded(evaluator.costs());
  }
}

}  // namespace axllama::inference
