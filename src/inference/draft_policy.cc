#include "inference/draft_policy.h"

#include <algorithm>
#include <cmath>

namespace axllama::inference {
namespace {

constexpr double kShareAtFirst = 0.8;  // of a draft model's tokens that come true, before any was seen
constexpr double kFirstWeight = 12;    // of that, in tokens
constexpr double kMemory = 0.95;       // weight of what is known after another try
constexpr double kForgetting = 0.995;  // the same after a guess that was not worth a try: texts change
constexpr double kHysteresis = 0.25;   // of a decode step: what a guess must promise beyond its cost when off
constexpr double kNewWeight = 0.3;     // of a new measurement

/// What is known after another measurement; 0: nothing yet.
double with_new(double known, double measured) noexcept {
  return known > 0 ? (1 - kNewWeight) * known + kNewWeight * measured : measured;
}

/// A measurement that is getting old: what can be estimated counts more and more.
double with_age(double known, double estimated) noexcept {
  return known > 0 ? kForgetting * known + (1 - kForgetting) * estimated : 0;
}

}  // namespace

double DraftPolicy::share() const noexcept {
  return (kFirstWeight * kShareAtFirst + right_) / (kFirstWeight + right_ + wrong_);
}

/// Tokens that come true of `count` guessed ones.
double DraftPolicy::expected(std::size_t count) const noexcept {
  const double p = share();
  return p * (1 - std::pow(p, static_cast<double>(count))) / (1 - p);
}

std::size_t DraftPolicy::length(std::size_t longest, std::size_t rest, const SpeculationCosts& costs,
                                const DraftCosts& draft, const AnswerAccount& answer) noexcept {
  if (longest == 0 || costs.decode <= 0 || costs.chunk <= 0 || draft.token <= 0) {
    on_ = false;
    return 0;
  }
  const double chunk = measured_chunk_ > 0 ? measured_chunk_ : costs.chunk;
  const double token = measured_token_ > 0 ? measured_token_ : draft.token;
  const auto seconds = [&](std::size_t count) { return chunk + static_cast<double>(count) * token; };
  const auto yield = [&](std::size_t count) { return expected(count) + 1; };
  std::size_t best = 1;
  for (std::size_t count = 2; count <= longest; ++count) {
    if (yield(count) * seconds(best) > yield(best) * seconds(count)) {
      best = count;
    }
  }
  const auto pays = [&](std::size_t count) {
    const double gain = yield(count) * costs.decode - seconds(count);
    const double rounds = static_cast<double>(std::min(rest, kHorizon)) / yield(count);
    return gain > (on_ ? 0 : kHysteresis * costs.decode) && draft.catch_up < gain * rounds;
  };
  const auto loss = [&](std::size_t count) { return std::max(seconds(count) - costs.decode, 0.0); };
  const bool promising = pays(best);
  most_saved_ = static_cast<double>(kMostSaved) * std::max(loss(best), costs.decode) + draft.catch_up;
  if (promising) {
    account_.open(kCredit * costs.decode);
  } else {
    right_ *= kForgetting;
    wrong_ *= kForgetting;
    measured_chunk_ = with_age(measured_chunk_, costs.chunk);
    measured_token_ = with_age(measured_token_, draft.token);
  }
  const double lent = proven() ? kCredit * costs.decode : 0;
  while (best > 0 && !answer.covers(loss(best) + draft.catch_up - lent)) {
    --best;
  }
  on_ = promising && best > 0 && pays(best) && account_.covers(loss(best) + draft.catch_up);
  return on_ ? best : 0;
}

void DraftPolicy::tried(const Trial& trial, const SpeculationCosts& costs) noexcept {
  const bool missed = trial.accepted < trial.guessed && !trial.ended;
  right_ = kMemory * right_ + static_cast<double>(trial.accepted);
  wrong_ = kMemory * wrong_ + (missed ? 1 : 0);
  measured_chunk_ = with_new(measured_chunk_, trial.chunk);
  measured_token_ = with_new(measured_token_, trial.drafting / static_cast<double>(trial.guessed));
  account_.add(static_cast<double>(trial.accepted + 1) * costs.decode - trial.chunk - trial.drafting,
               most_saved_);
}

}  // namespace axllama::inference
