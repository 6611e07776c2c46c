#include "inference/text_guesser.h"

#include <algorithm>

namespace axllama::inference {

bool TextGuesser::worth_trying(const GuessPlace& place) {
  Speculation& policy = place.evaluator.policy();
  draft_ = drafter_.propose(std::min(policy.draft_length(), place.longest));
  return policy.worth_trying(draft_.match, place.evaluator.costs(), place.account);
}

void TextGuesser::tried(GuessEvaluator& evaluator, const GuessOutcome& outcome) {
  evaluator.policy().tried(draft_.match, outcome.ended ? outcome.accepted : outcome.guessed, outcome.accepted,
                           outcome.seconds, outcome.costs);
}

}  // namespace axllama::inference
