#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "inference/logit_keys.h"
#include "inference/logits_scan.h"

namespace axllama::inference {

/// Vectors of 8 and 16 keys, as GCC's vector extension has them.
using Keys8 = std::int16_t __attribute__((vector_size(16)));
using Keys16 = std::int16_t __attribute__((vector_size(32)));

/// Scanning with registers that hold `Keys`. Each width is used by one file only, which is compiled for an
/// instruction set that has such registers.
template <typename Keys>
struct LogitsScanOf {
  static constexpr std::size_t kLanes = sizeof(Keys) / sizeof(std::int16_t);

  static void load(const base::Bf16* bits, Keys& keys) noexcept {
    Keys words;
    std::memcpy(&words, bits, sizeof words);
    const Keys ordered = words ^ ((words >> 15) & 0x7FFF);
    keys = ordered - (ordered == -1);  // a true comparison is -1 in its lane
  }

  static void raise(Keys& maxima, const Keys& keys) noexcept { maxima = maxima > keys ? maxima : keys; }
  static void lower(Keys& minima, const Keys& keys) noexcept { minima = minima < keys ? minima : keys; }

  /// Bit i in lane i.
  static void number_lanes(Keys& lane_bits) noexcept {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      lane_bits[lane] = static_cast<std::int16_t>(1U << lane);
    }
  }

  /// Lanes whose bit is not set become kLowestKey.
  static void hide(Keys& keys, std::uint64_t allowed_bits, const Keys& lane_bits) noexcept {
    const Keys bits = Keys{} + static_cast<std::int16_t>(allowed_bits);
    const Keys hidden = (bits & lane_bits) == 0;
    keys = (keys & ~hidden) | (hidden & kLowestKey);
  }

  static std::int16_t largest(const Keys& keys) noexcept {
    std::int16_t result = keys[0];
    for (std::size_t lane = 1; lane < kLanes; ++lane) {
      result = result < keys[lane] ? keys[lane] : result;
    }
    return result;
  }

  static KeyRange scan(const base::Bf16* logits, std::size_t blocks, const std::uint64_t* allowed,
                       std::int16_t* block_maxima) {
    constexpr std::size_t kWordBits = 64;
    Keys minima = Keys{} + std::numeric_limits<std::int16_t>::max();
    Keys all_maxima = Keys{} + kLowestKey;
    Keys lane_bits;
    number_lanes(lane_bits);
    for (std::size_t block = 0; block < blocks; ++block) {
      const base::Bf16* first = logits + block * kLogitsBlock;
      Keys maxima = Keys{} + kLowestKey;
      Keys keys;
      for (std::size_t i = 0; i < kLogitsBlock; i += kLanes) {
        load(first + i, keys);
        lower(minima, keys);
        if (allowed != nullptr) {
          raise(all_maxima, keys);
          hide(keys, allowed[2 * block + i / kWordBits] >> (i % kWordBits), lane_bits);
        }
        raise(maxima, keys);
      }
      block_maxima[block] = largest(maxima);
      raise(all_maxima, maxima);
    }
    return {static_cast<std::int16_t>(~largest(~minima)), largest(all_maxima)};
  }
};

}  // namespace axllama::inference
