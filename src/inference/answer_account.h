#pragma once

#include "inference/speculation_account.h"

namespace axllama::inference {

/// What guesses have cost and saved within one answer, in seconds, whoever made them. They may lose what the
/// answer itself has paid in, which is kPremium of the time that it was decoded plainly, and what they have
/// saved it. How long it will be is not known, so nothing is lent on its length. Ahead of
/// that are tried only a guess that plainly pays (see Speculation), while nothing is owed, and those of a
/// proven draft model (see DraftPolicy). So no answer takes longer than 1 + kPremium of plain decoding, plus
/// what one chunk loses, plus DraftPolicy::kCredit decode steps where a draft model is proven. Owner thread
/// only.
class AnswerAccount {
 public:
  static constexpr double kPremium = 0.03;

  /// Whether guesses may lose so much more.
  bool covers(double loss) const noexcept { return balance_ >= loss; }
  /// A token was decoded without a guess.
  void decoded(const SpeculationCosts& costs) noexcept { balance_ += kPremium * costs.decode; }
  /// `seconds` are saved or (negative) lost.
  void add(double seconds) noexcept { balance_ += seconds; }

 private:
  double balance_ = 0;
};

}  // namespace axllama::inference
