#pragma once

#include <algorithm>
#include <utility>

namespace axllama::inference {

/// What guessing and not guessing cost now, in seconds. The head costs the same for a token either way.
struct SpeculationCosts {
  double decode = 0;  // layers of one decode step; 0: not measured yet
  double chunk = 0;   // layers of the chunk that a guess is evaluated in
};

/// What guesses have cost and saved, in seconds. A try is made only while the account covers its loss, so
/// all tries together never cost more than what was paid in. Owner thread only.
class SpeculationAccount {
 public:
  /// Gives credit for a first try, once.
  void open(double seconds) noexcept {
    if (!std::exchange(opened_, true)) {
      balance_ += seconds;
    }
  }
  bool covers(double loss) const noexcept { return balance_ >= loss; }
  /// `seconds` are saved, paid in, or (negative) lost; no more than `most` are kept.
  void add(double seconds, double most) noexcept { balance_ = std::min(balance_ + seconds, most); }

 private:
  double balance_ = 0;
  bool opened_ = false;
};

}  // namespace axllama::inference
