#include "inference/speculation.h"

#include <algorithm>

namespace axllama::inference {
namespace {

/// What is expected of a kind of guess before it has been seen: matches of 3 and 4, 5 to 8, 9 to 16, and more
/// tokens. The longer a text has agreed with another, the longer it goes on doing so.
constexpr std::array<double, 4> kExpectedAtFirst = {1.5, 3.0, 6.0, 12.0};
constexpr double kFirstWeight = 2;    // of that, in tries
constexpr double kMemory = 0.95;      // weight of what is known after another try
constexpr double kForgetting = 0.99;  // the same after a guess that was not tried: texts change
constexpr double kHysteresis = 0.25;  // of a decode step: what a guess must promise beyond its cost when off
constexpr double kNewWeight = 0.3;    // of a new measurement of the chunk

}  // namespace

std::size_t Speculation::kind_of(std::size_t match) noexcept {
  return match <= 4 ? 0 : match <= 8 ? 1 : match <= 16 ? 2 : 3;
}

double Speculation::expected(std::size_t match) const noexcept {
  const std::size_t index = kind_of(match);
  const Kind& kind = kinds_[index];
  return (kFirstWeight * kExpectedAtFirst[index] + kind.accepted) / (kFirstWeight + kind.tries);
}

double Speculation::chunk_seconds(const SpeculationCosts& costs) const noexcept {
  return measured_chunk_ > 0 ? measured_chunk_ : costs.chunk;
}

/// Of a guess of which nothing comes true: it yields the one token that a decode step would have.
double Speculation::loss(const SpeculationCosts& costs) const noexcept {
  return std::max(chunk_seconds(costs) - costs.decode, 0.0);
}

double Speculation::most_saved(const SpeculationCosts& costs) const noexcept {
  return static_cast<double>(kMostSaved) * std::max(loss(costs), costs.decode);
}

bool Speculation::worth_trying(std::size_t match, const SpeculationCosts& costs,
                               const AnswerAccount& answer) noexcept {
  if (match == 0 || costs.decode <= 0 || costs.chunk <= 0) {
    return false;
  }
  const double at_stake = loss(costs);
  account_.open(at_stake);
  const double gain = (expected(match) + 1) * costs.decode - chunk_seconds(costs);
  const bool promising = gain > (on_ ? 0 : kHysteresis * costs.decode);
  if (!promising) {
    Kind& kind = kinds_[kind_of(match)];
    kind.tries *= kForgetting;
    kind.accepted *= kForgetting;
  }
  const bool plain = gain >= kPlainGain * at_stake;
  on_ = promising && account_.covers(at_stake) && answer.covers(plain ? 0 : at_stake);
  return on_;
}

void Speculation::tried(std::size_t match, std::size_t drafted, std::size_t accepted, double seconds,
                        const SpeculationCosts& costs) noexcept {
  Kind& kind = kinds_[kind_of(match)];
  kind.tries = kMemory * kind.tries + 1;
  kind.accepted = kMemory * kind.accepted + static_cast<double>(accepted);
  measured_chunk_ = measured_chunk_ > 0 ? (1 - kNewWeight) * measured_chunk_ + kNewWeight * seconds : seconds;
  account_.add(static_cast<double>(accepted + 1) * costs.decode - seconds, most_saved(costs));
  if (accepted == drafted) {
    length_ = 2 * std::max(length_, kShortestDraft);
  } else if (accepted < length_ / 2) {
    length_ = std::max(kShortestDraft, accepted + kShortestDraft / 2);
  }
  length_ = std::min<std::size_t>(length_, 127);
}

void Speculation::decoded(const SpeculationCosts& costs) noexcept {
  account_.add(kPremium * costs.decode, most_saved(costs));
}

}  // namespace axllama::inference
