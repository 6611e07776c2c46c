#include "serving/lane_load.h"

#include <algorithm>

namespace axllama::serving {
namespace {

// In prompt tokens. A decoded token costs about as much as 70 of a chunk (a chunk of 128 about 1.9 decode
// steps).
constexpr double kWaitingRequest = 100 * 70;  // the rest of an answer, before a place is free
constexpr double kRunningRequest = 20 * 70;   // shares the card's time
constexpr double kLoading = 200 * 70;         // tens of seconds

}  // namespace

double estimated_wait(const LaneLoad& load, std::size_t prompt_tokens) noexcept {
  const std::size_t to_evaluate = prompt_tokens - std::min(load.matching_tokens, prompt_tokens);
  return static_cast<double>(to_evaluate) + kWaitingRequest * static_cast<double>(load.waiting) +
         kRunningRequest * static_cast<double>(load.running) + (load.loaded ? 0 : kLoading);
}

}  // namespace axllama::serving
