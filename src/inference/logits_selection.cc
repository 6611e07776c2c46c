#include "inference/logits_selection.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <string>

#include "base/error.h"

namespace axllama::inference {
namespace {

using base::Bf16;

constexpr std::size_t kLanes = 8;    // one SSE2 or NEON register of 16-bit keys
constexpr std::size_t kBlock = 128;  // logits per block maximum
constexpr std::size_t kKeys = 65536;
constexpr std::size_t kCountingSortFrom = 8192;  // shorter rows are sorted by comparing
using Keys = std::int16_t __attribute__((vector_size(kLanes * sizeof(std::int16_t))));

constexpr std::int16_t kLowestKey = std::numeric_limits<std::int16_t>::min();
constexpr std::int16_t kLargestFiniteKey = 0x7F7F;
constexpr std::int16_t kMinusInfinityKey = static_cast<std::int16_t>(0xFF80U ^ 0x7FFFU);

/// Maps bf16 bits to integers of the same order; -0 becomes +0. NaNs fall above +infinity or below -infinity.
constexpr std::int16_t order_key(Bf16 bits) noexcept {
  const auto word = static_cast<std::int16_t>(bits);
  const auto key = static_cast<std::int16_t>(word < 0 ? word ^ 0x7FFF : word);
  return key == -1 ? std::int16_t{0} : key;
}

Keys order_keys(const Bf16* bits) noexcept {
  Keys words;
  std::memcpy(&words, bits, sizeof words);
  const Keys sign = words >> 15;
  const Keys keys = words ^ (sign & 0x7FFF);
  return keys - (keys == -1);  // a true comparison is -1 in its lane
}

Keys larger(Keys a, Keys b) noexcept {
  return a > b ? a : b;
}
Keys smaller(Keys a, Keys b) noexcept {
  return a < b ? a : b;
}

std::int16_t largest_lane(Keys keys) noexcept {
  std::int16_t result = keys[0];
  for (std::size_t lane = 1; lane < kLanes; ++lane) {
    result = std::max(result, static_cast<std::int16_t>(keys[lane]));
  }
  return result;
}

std::int16_t smallest_lane(Keys keys) noexcept {
  std::int16_t result = keys[0];
  for (std::size_t lane = 1; lane < kLanes; ++lane) {
    result = std::min(result, static_cast<std::int16_t>(keys[lane]));
  }
  return result;
}

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

}  // namespace

/// Fills block_maxima_ and largest_ in one pass over memory and refuses rows that are not logits.
void LogitsSelection::scan(std::span<const Bf16> logits) {
  const std::size_t blocks = (logits.size() + kBlock - 1) / kBlock;
  block_maxima_.resize(blocks);
  std::int16_t least = std::numeric_limits<std::int16_t>::max();
  largest_ = kLowestKey;
  Keys minima = Keys{} + least;
  const std::size_t whole_blocks = logits.size() / kBlock;
  for (std::size_t block = 0; block < whole_blocks; ++block) {
    const Bf16* first = logits.data() + block * kBlock;
    Keys maxima = order_keys(first);
    minima = smaller(minima, maxima);
    for (std::size_t i = kLanes; i < kBlock; i += kLanes) {
      const Keys keys = order_keys(first + i);
      maxima = larger(maxima, keys);
      minima = smaller(minima, keys);
    }
    block_maxima_[block] = largest_lane(maxima);
    largest_ = std::max(largest_, block_maxima_[block]);
  }
  if (whole_blocks > 0) {
    least = smallest_lane(minima);
  }
  if (whole_blocks < blocks) {
    std::int16_t maximum = kLowestKey;
    for (std::size_t i = whole_blocks * kBlock; i < logits.size(); ++i) {
      const std::int16_t key = order_key(logits[i]);
      maximum = std::max(maximum, key);
      least = std::min(least, key);
    }
    block_maxima_[whole_blocks] = maximum;
    largest_ = std::max(largest_, maximum);
  }
  if (largest_ > kLargestFiniteKey || largest_ <= kMinusInfinityKey || least < kMinusInfinityKey) {
    const char* what = largest_ <= kMinusInfinityKey ? "no finite value" : "values that are not numbers";
    throw base::Error(base::ErrorCode::kDevice, std::string("The card's result for the next token has ") +
                                                    what + " among its " + std::to_string(logits.size()) +
                                                    " logits.");
  }
}

Candidate LogitsSelection::best(std::span<const Bf16> logits) {
  scan(logits);
  const auto block = static_cast<std::size_t>(
      std::find(block_maxima_.begin(), block_maxima_.end(), largest_) - block_maxima_.begin());
  std::size_t index = block * kBlock;
  while (order_key(logits[index]) != largest_) {
    ++index;
  }
  return candidate(logits, index);
}

void LogitsSelection::top(std::span<const Bf16> logits, std::size_t count, std::vector<Candidate>& out) {
  if (logits.size() >= kCountingSortFrom && count >= logits.size() / kBlock) {
    sorted(logits, out);
    out.resize(std::min(count, out.size()));
    return;
  }
  out.clear();
  if (count == 0) {
    return;
  }
  scan(logits);
  // `count` blocks have a logit of at least the count-th largest block maximum, so nothing below it can be
  // chosen.
  std::int16_t bound = kLowestKey;
  if (count < block_maxima_.size()) {
    order_statistic_ = block_maxima_;
    const auto nth = order_statistic_.begin() + static_cast<std::ptrdiff_t>(count - 1);
    std::nth_element(order_statistic_.begin(), nth, order_statistic_.end(), std::greater<>());
    bound = *nth;
  }
  for (std::size_t block = 0; block < block_maxima_.size(); ++block) {
    if (block_maxima_[block] < bound) {
      continue;
    }
    const std::size_t end = std::min(logits.size(), (block + 1) * kBlock);
    for (std::size_t i = block * kBlock; i < end; ++i) {
      if (order_key(logits[i]) >= bound) {
        out.push_back(candidate(logits, i));
      }
    }
  }
  keep_first(out, count);
}

void LogitsSelection::sorted(std::span<const Bf16> logits, std::vector<Candidate>& out) {
  if (logits.size() < kCountingSortFrom) {
    top(logits, logits.size(), out);
    return;
  }
  scan(logits);
  // Counting sort over the 65,536 keys, largest first; equal keys stay in the order of their ids.
  const auto slot = [](Bf16 bits) { return static_cast<std::size_t>(32767 - order_key(bits)); };
  offsets_.assign(kKeys + 1, 0);
  for (const Bf16 bits : logits) {
    ++offsets_[slot(bits) + 1];
  }
  for (std::size_t i = 1; i <= kKeys; ++i) {
    offsets_[i] += offsets_[i - 1];
  }
  out.resize(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    out[offsets_[slot(logits[i])]++] = candidate(logits, i);
  }
}

}  // namespace axllama::inference
