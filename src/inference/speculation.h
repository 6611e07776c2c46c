#pragma once

#include <array>
#include <cstddef>

#include "inference/answer_account.h"
#include "inference/speculation_account.h"

namespace axllama::inference {

/// Decides whether a guess is worth a chunk, by measured costs and by how often guesses of its kind came
/// true. A chunk that confirms a tokens yields a + 1 tokens, so it pays when (a + 1) decode > chunk.
///
/// What guesses have cost and saved is kept in an account: a try is made only while the account covers its
/// loss, and plain decoding pays in kPremium of its time. So all text together never takes longer than
/// 1 + kPremium of plain decoding, plus one chunk. Each answer has an account of its own, too
/// (AnswerAccount): a guess waits until that covers its loss, or goes ahead while nothing is owed where it
/// plainly pays, which is when it promises to save kPlainGain times what it can lose. One per loaded model;
/// owner thread only. It decides about speed only: tokens are the same either way.
class Speculation {
 public:
  static constexpr double kPremium = 0.02;
  static constexpr std::size_t kShortestDraft = 8;
  static constexpr std::size_t kMostSaved = 8;  // losses that the account may hold
  static constexpr double kPlainGain = 2;       // losses

  /// How many tokens to guess next: more while guesses come true to their end.
  std::size_t draft_length() const noexcept { return length_; }

  /// Whether a guess after `match` matching tokens is worth a try, of what the answer can lose.
  bool worth_trying(std::size_t match, const SpeculationCosts& costs, const AnswerAccount& answer) noexcept;

  /// A guess of `drafted` tokens was tried, of which the first `accepted` came true, in a chunk that took
  /// `seconds`.
  void tried(std::size_t match, std::size_t drafted, std::size_t accepted, double seconds,
             const SpeculationCosts& costs) noexcept;
  /// A token was decoded without a guess.
  void decoded(const SpeculationCosts& costs) noexcept;

  /// Whether the last decision on a guess was to try it.
  bool on() const noexcept { return on_; }

 private:
  /// Guesses whose matches are about as long.
  struct Kind {
    double tries = 0;     // with older ones counting less
    double accepted = 0;  // in these
  };

  static std::size_t kind_of(std::size_t match) noexcept;
  double expected(std::size_t match) const noexcept;
  double chunk_seconds(const SpeculationCosts& costs) const noexcept;
  double loss(const SpeculationCosts& costs) const noexcept;
  double most_saved(const SpeculationCosts& costs) const noexcept;

  std::array<Kind, 4> kinds_;
  std::size_t length_ = 16;
  double measured_chunk_ = 0;  // of the last tries; 0: none
  SpeculationAccount account_;
  bool on_ = false;
};

}  // namespace axllama::inference
