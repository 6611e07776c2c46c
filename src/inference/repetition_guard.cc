#include "inference/repetition_guard.h"

#include <algorithm>

namespace axllama::inference {

void RepetitionGuard::accept(text::TokenId token) {
  recent_.resize(kLongestCycle);
  const std::size_t known = std::min(accepted_, kLongestCycle);
  for (std::size_t cycle = 1; cycle <= known; ++cycle) {
    std::size_t& repeated = repeated_[cycle - 1];
    repeated = recent_[(accepted_ - cycle) % kLongestCycle] == token ? repeated + 1 : 0;
    // The first round of a cycle repeats nothing.
    looping_ = looping_ || repeated + cycle >= std::max(kFewestTokens, kFewestRounds * cycle);
  }
  recent_[accepted_ % kLongestCycle] = token;
  ++accepted_;
}

}  // namespace axllama::inference
