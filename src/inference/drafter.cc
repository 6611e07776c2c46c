#include "inference/drafter.h"

#include <algorithm>

namespace axllama::inference {

/// A hash of the run before `end`; runs that share one only cost a look.
std::uint64_t Drafter::run_ending_at(std::size_t end) const noexcept {
  std::uint64_t hash = 0;
  for (std::size_t i = end - kFewest; i < end; ++i) {
    hash = (hash ^ static_cast<std::uint32_t>(tokens_[i])) * 0x9E3779B97F4A7C15U;
    hash ^= hash >> 29U;
  }
  return hash;
}

void Drafter::accept(text::TokenId token) {
  tokens_.push_back(token);
  earlier_.push_back(kNone);
  const std::size_t end = tokens_.size();
  if (end < kFewest) {
    return;
  }
  const auto [latest, added] = latest_.try_emplace(run_ending_at(end), static_cast<std::uint32_t>(end));
  if (!added) {
    earlier_[end - 1] = latest->second;
    latest->second = static_cast<std::uint32_t>(end);
  }
}

/// How many tokens before `end` equal those before the sequence's end.
std::size_t Drafter::match_length(std::size_t end) const noexcept {
  const std::size_t most = std::min(end, kLongestMatch);
  std::size_t length = 0;
  while (length < most && tokens_[end - 1 - length] == tokens_[tokens_.size() - 1 - length]) {
    ++length;
  }
  return length;
}

Draft Drafter::propose(std::size_t longest) const {
  Draft draft;
  if (tokens_.size() < kFewest || longest == 0) {
    return draft;
  }
  std::size_t best = 0;
  std::uint32_t end = earlier_.back();
  for (std::size_t looked = 0; end != kNone && looked < kMostCandidates; ++looked) {
    const std::size_t length = match_length(end);
    if (length >= kFewest && length > draft.match) {
      draft.match = length;
      best = end;
    }
    if (draft.match == kLongestMatch) {
      break;
    }
    end = earlier_[end - 1];
  }
  if (draft.match == 0) {
    return draft;
  }
  const std::size_t behind = tokens_.size() - best;
  draft.tokens.reserve(longest);
  for (std::size_t i = 0; i < longest; ++i) {
    draft.tokens.push_back(i < behind ? tokens_[best + i] : draft.tokens[i - behind]);
  }
  return draft;
}

}  // namespace axllama::inference
