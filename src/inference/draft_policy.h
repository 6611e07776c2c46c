#pragma once

#include <cstddef>

#include "inference/answer_account.h"
#include "inference/speculation_account.h"

namespace axllama::inference {

/// What guesses of a draft model cost now, in seconds.
struct DraftCosts {
  double catch_up = 0;  // reading what it has missed of the sequence
  double token = 0;     // a guessed token; 0: not known
};

/// Decides how many tokens a draft model guesses next, if any, by measured costs and by how often its tokens
/// came true. With a share p of them, k guessed tokens confirm a = p + p^2 + ... + p^k on average and yield
/// a + 1; that pays when (a + 1) decode > chunk + k token. The k that yields most per second is taken. What
/// the draft model has missed it reads only where the rest of the answer can be expected to pay for that.
///
/// Losses are paid from an account as Speculation's, into which plain decoding pays kPremium of its time: all
/// text together never takes longer than 1 + kPremium of plain decoding, plus kCredit decode steps. They are
/// paid from the answer's own account (AnswerAccount) as well, in advance: a guess is as short as that
/// covers, with what has to be read for it. So no answer takes longer than 1 + AnswerAccount::kPremium of
/// plain decoding for a draft model's sake, however short it is. Once it is proven, which takes kProof tokens
/// that were seen to come true or not, an answer may owe kCredit decode steps more. One per loaded model and
/// draft; owner thread only. It decides about speed only.
class DraftPolicy {
 public:
  static constexpr double kPremium = 0.01;
  static constexpr double kCredit = 8;          // decode steps that tries may lose before they have saved any
  static constexpr double kProof = 12;          // tokens; older ones count less
  static constexpr std::size_t kMostSaved = 8;  // losses that the account may hold
  static constexpr std::size_t kHorizon = 128;  // tokens of an answer that catching up is set off against

  /// How many tokens to guess, at most `longest`, when `rest` tokens of the answer may still come; 0: none.
  std::size_t length(std::size_t longest, std::size_t rest, const SpeculationCosts& costs,
                     const DraftCosts& draft, const AnswerAccount& answer) noexcept;

  /// A guess that was tried.
  struct Trial {
    std::size_t guessed = 0;   // tokens
    std::size_t accepted = 0;  // of these, the first that came true
    bool ended = false;        // the answer, so that the others never were to come true
    double chunk = 0;          // seconds of evaluating them
    double drafting = 0;       // seconds of guessing them
  };
  void tried(const Trial& trial, const SpeculationCosts& costs) noexcept;
  /// The draft model has read some of what it had missed, and guessed nothing yet.
  void caught_up(double seconds) noexcept { account_.add(-seconds, most_saved_); }
  /// A token was decoded without a guess.
  void decoded(const SpeculationCosts& costs) noexcept { account_.add(kPremium * costs.decode, most_saved_); }

  /// Whether enough was seen of its guesses to lend them time within an answer.
  bool proven() const noexcept { return right_ + wrong_ >= kProof; }
  /// Whether the last decision was to guess.
  bool on() const noexcept { return on_; }

 private:
  double share() const noexcept;
  double expected(std::size_t count) const noexcept;

  double right_ = 0;           // tokens that came true; older ones count less
  double wrong_ = 0;           // tokens that did not, of each guess the first
  double measured_chunk_ = 0;  // of the last tries; 0: none
  double measured_token_ = 0;
  double most_saved_ = 0;
  SpeculationAccount account_;
  bool on_ = false;
};

}  // namespace axllama::inference
