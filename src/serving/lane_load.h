#pragma once

#include <cstddef>

namespace axllama::serving {

/// What a lane tells about itself, so that a request can go to the best of several.
struct LaneLoad {
  bool usable = true;               // its card is open, or can be tried
  bool loaded = false;              // it has the model
  std::size_t waiting = 0;          // requests in its queue
  std::size_t running = 0;          // requests being answered
  std::size_t matching_tokens = 0;  // of the prompt, begun by a recent prompt for the model there
};

/// How long an answer of `prompt_tokens` would take to begin and go on, in units of evaluating one prompt
/// token. Only for comparing lanes.
double estimated_wait(const LaneLoad& load, std::size_t prompt_tokens) noexcept;

}  // namespace axllama::serving
