#include "inference/draft_guesser.h"

#include <algorithm>
#include <chrono>

namespace axllama::inference {

bool DraftGuesser::worth_trying(const GuessPlace& place) {
  DraftRunner* draft = place.evaluator.draft();
  if (draft == nullptr) {
    return false;
  }
  const SpeculationCosts costs = place.evaluator.costs();
  const std::size_t longest = std::min({longest_, place.longest, draft->longest(place.tokens)});
  count_ = longest == 0
               ? 0
               : draft->policy().length(longest, place.rest, costs, draft->costs(place.tokens, costs.decode));
  return count_ > 0;
}

std::vector<text::TokenId> DraftGuesser::guess(const GuessPlace& place) {
  DraftRunner& draft = *place.evaluator.draft();
  const auto begun = std::chrono::steady_clock::now();
  std::vector<text::TokenId> tokens;
  if (draft.follow(place.tokens)) {
    tokens = draft.guess(count_);
  }
  seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  if (tokens.empty()) {
    draft.policy().caught_up(seconds_);
  }
  return tokens;
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
