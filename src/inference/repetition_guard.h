#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// Notices an answer that has lost itself in a loop: its last 256 tokens, or sixteen rounds where that is
/// more, repeat one cycle of at most 32 tokens. Tables, rulers and lists of zeros stay well below that.
class RepetitionGuard {
 public:
  static constexpr std::size_t kLongestCycle = 32;  // tokens
  static constexpr std::size_t kFewestRounds = 16;
  static constexpr std::size_t kFewestTokens = 256;

  /// Goes on by a token of the answer.
  void accept(text::TokenId token);
  bool looping() const noexcept { return looping_; }

 private:
  std::vector<text::TokenId> recent_;  // ring of kLongestCycle tokens
  std::size_t accepted_ = 0;
  /// [p - 1]: how many of the last tokens equal the one p places before them.
  std::array<std::size_t, kLongestCycle> repeated_{};
  bool looping_ = false;
};

}  // namespace axllama::inference
