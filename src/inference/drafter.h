#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// A guess at how a sequence goes on.
struct Draft {
  std::vector<text::TokenId> tokens;
  std::size_t match = 0;  // how many of the sequence's last tokens stand before the guessed ones elsewhere
};

/// Guesses the next tokens of a sequence from what it has said before: looks for the longest earlier
/// occurrence of its last tokens (prompt lookup; of equals the latest) and proposes what followed there. An
/// index of all runs of kFewest tokens, linked from the latest to the earliest, as in LZ77; a guess looks at
/// no more than kMostCandidates of them. Depends on the tokens alone.
class Drafter {
 public:
  static constexpr std::size_t kFewest = 3;         // tokens of a match
  static constexpr std::size_t kLongestMatch = 32;  // longer ones count as this
  static constexpr std::size_t kMostCandidates = 64;

  /// Goes on by tokens of the prompt or of the answer.
  void accept(text::TokenId token);

  /// At most `longest` tokens; none where nothing matches. A match that overlaps the sequence's end goes on
  /// in circles.
  Draft propose(std::size_t longest) const;

  std::size_t size() const noexcept { return tokens_.size(); }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFU;

  std::uint64_t run_ending_at(std::size_t end) const noexcept;
  std::size_t match_length(std::size_t end) const noexcept;

  std::vector<text::TokenId> tokens_;
  std::vector<std::uint32_t> earlier_;  // by end of a run: the end of the same run before it
  std::unordered_map<std::uint64_t, std::uint32_t> latest_;  // by hash of a run: its latest end
};

}  // namespace axllama::inference
