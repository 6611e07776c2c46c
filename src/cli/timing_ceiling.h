#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace axllama::cli {

/// What decoding one token asks of a card.
struct TokenCost {
  std::uint64_t weight_bytes = 0;  // read once
  std::uint64_t cache_bytes = 0;   // keys and values, all of the context whatever the position
  std::size_t executions = 0;      // layers and head
  std::size_t calls = 0;           // remote calls, each waited for
  std::uint64_t bytes_moved = 0;   // between host and card
};

/// The least time of a token by the timing profile of a software card, in seconds.
struct TimingCeiling {
  std::string profile;  // empty: nothing is limited
  double weights = 0;
  double cache = 0;
  double calls = 0;  // calls, what executions take beyond reading, and moving bytes

  double seconds() const noexcept { return weights + cache + calls; }
};

/// `timing`: as axcl::Runtime::software_card_timing() tells it. Nothing is limited where it is empty or the
/// profile adds no time.
TimingCeiling timing_ceiling(const std::string& timing, const TokenCost& cost);

}  // namespace axllama::cli
