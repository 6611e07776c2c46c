#include "inference/logits_selection.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string>

#include "base/error.h"
#include "inference/logit_keys.h"
#include "inference/logits_scan.h"

namespace axllama::inference {
namespace {

using base::Bf16;

constexpr std::size_t kKeys = 65536;
constexpr std::size_t kCountingSortFrom = 8192;  // shorter rows are sorted by comparing
constexpr Bf16 kMinusInfinity = 0xFF80;

Candidate candidate(std::span<const Bf16> logits, std::size_t index) noexcept {
  return {base::bf16_to_f32(logits[index]), static_cast<text::TokenId>(index)};
}

/// Cuts `out` down to its `count` first in order of choice, sorted.
void keep_first(std::vector<Candidate>& out, std::size_t count) {
  if (count < out.size()) {
    const auto last = out.begin() + static_cast<std::ptrdiff_t>(count);
    std::nth_element(out.begin(), last - 1, out.end(), precedes);
    out.resize(count);
  }
  std::sort(out.begin(), out.end(), precedes);
}

void require_logits(const KeyRange& keys, std::size_t count) {
  if (keys.largest > kLargestFiniteKey || keys.largest <= kMinusInfinityKey ||
      keys.least < kMinusInfinityKey) {
    const char* what = keys.largest <= kMinusInfinityKey ? "no finite value" : "values that are not numbers";
    throw base::Error(base::ErrorCode::kDevice, std::string("The card's result for the next token has ") +
                                                    what + " among its " + std::to_string(count) +
                                                    " logits.");
  }
}

}  // namespace

void require_largest(std::span<const Candidate> largest) {
  const bool numbers = std::none_of(largest.begin(), largest.end(),
                                    [](const Candidate& candidate) { return std::isnan(candidate.logit); });
  if (largest.empty() || !numbers || !std::isfinite(largest.front().logit)) {
    throw base::Error(
        base::ErrorCode::kDevice,
        "The card's result for the next token has values that are not finite numbers among its " +
            std::to_string(largest.size()) + " largest logits.");
  }
}

/// A copy for whole blocks, so that scanning need not look where the set ends.
void LogitsSelection::pad(text::TokenSet allowed, std::size_t logits) {
  allowed_.clear();
  if (allowed.empty()) {
    return;
  }
  const std::size_t words = (logits + 63) / 64;
  allowed_.assign(allowed.begin(),
                  allowed.begin() + static_cast<std::ptrdiff_t>(std::min(words, allowed.size())));
  allowed_.resize(2 * ((logits + kLogitsBlock - 1) / kLogitsBlock), 0);
  if (logits % 64 != 0) {
    allowed_[words - 1] &= (std::uint64_t{1} << (logits % 64)) - 1;
  }
}

/// Fills block_maxima_ and largest_ in one pass over memory and refuses rows that are not logits.
void LogitsSelection::scan(std::span<const Bf16> logits, text::TokenSet allowed) {
  pad(allowed, logits.size());
  const ScanLogits scan_blocks = logits_scanners().front().scan;
  const std::size_t whole = logits.size() / kLogitsBlock;
  block_maxima_.resize((logits.size() + kLogitsBlock - 1) / kLogitsBlock);
  const std::uint64_t* words = allowed_.empty() ? nullptr : allowed_.data();
  KeyRange range = scan_blocks(logits.data(), whole, words, block_maxima_.data());
  if (whole < block_maxima_.size()) {
    std::array<Bf16, kLogitsBlock> rest;
    rest.fill(kMinusInfinity);
    std::copy(logits.begin() + static_cast<std::ptrdiff_t>(whole * kLogitsBlock), logits.end(), rest.begin());
    const KeyRange last =
        scan_blocks(rest.data(), 1, words == nullptr ? nullptr : words + 2 * whole, &block_maxima_[whole]);
    range = {std::min(range.least, last.least), std::max(range.largest, last.largest)};
  }
  require_logits(range, logits.size());
  largest_ = allowed_.empty() ? range.largest : *std::max_element(block_maxima_.begin(), block_maxima_.end());
  if (largest_ == kLowestKey) {
    throw base::Error(base::ErrorCode::kInternal, "No token is allowed to come next.");
  }
}

Candidate LogitsSelection::best(std::span<const Bf16> logits, text::TokenSet allowed) {
  scan(logits, allowed);
  const auto block = static_cast<std::size_t>(
      std::find(block_maxima_.begin(), block_maxima_.end(), largest_) - block_maxima_.begin());
  std::size_t index = block * kLogitsBlock;
  while (!may(index) || order_key(logits[index]) != largest_) {
    ++index;
  }
  return candidate(logits, index);
}

void LogitsSelection::top(std::span<const Bf16> logits, std::size_t count, std::vector<Candidate>& out,
                          text::TokenSet allowed) {
  if (logits.size() >= kCountingSortFrom && count >= logits.size() / kLogitsBlock) {
    sorted(logits, out, allowed);
    out.resize(std::min(count, out.size()));
    return;
  }
  out.clear();
  if (count == 0) {
    return;
  }
  scan(logits, allowed);
  // `count` blocks have a logit of at least the count-th largest block maximum, so nothing below it can be
  // chosen.
  std::int16_t bound = kLowestKey;
  if (count < block_maxima_.size()) {
    order_statistic_ = block_maxima_;
    const auto nth = order_statistic_.begin() + static_cast<std::ptrdiff_t>(count - 1);
    std::nth_element(order_statistic_.begin(), nth, order_statistic_.end(), std::greater<>());
    bound = *nth;
  }
  if (largest_ <= kMinusInfinityKey) {
    count = 1;
  }
  for (std::size_t block = 0; block < block_maxima_.size(); ++block) {
    if (block_maxima_[block] < bound) {
      continue;
    }
    const std::size_t end = std::min(logits.size(), (block + 1) * kLogitsBlock);
    for (std::size_t i = block * kLogitsBlock; i < end; ++i) {
      if (order_key(logits[i]) >= bound && may(i)) {
        out.push_back(candidate(logits, i));
      }
    }
  }
  keep_first(out, count);
}

void LogitsSelection::sorted(std::span<const Bf16> logits, std::vector<Candidate>& out,
                             text::TokenSet allowed) {
  if (logits.size() < kCountingSortFrom) {
    top(logits, logits.size(), out, allowed);
    return;
  }
  scan(logits, allowed);
  // Counting sort over the 65,536 keys, largest first; equal keys stay in the order of their ids.
  const auto slot = [&](std::size_t i) { return static_cast<std::size_t>(32767 - order_key(logits[i])); };
  offsets_.assign(kKeys + 1, 0);
  std::size_t candidates = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (may(i)) {
      ++offsets_[slot(i) + 1];
      ++candidates;
    }
  }
  for (std::size_t i = 1; i <= kKeys; ++i) {
    offsets_[i] += offsets_[i - 1];
  }
  out.resize(candidates);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (may(i)) {
      out[offsets_[slot(i)]++] = candidate(logits, i);
    }
  }
  if (largest_ <= kMinusInfinityKey) {
    out.resize(1);
  }
}

}  // namespace axllama::inference
