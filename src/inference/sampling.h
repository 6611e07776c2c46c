#pragma once

#include <cstdint>
#include <optional>

namespace axllama::inference {

/// How the next token is chosen; names and defaults are Ollama's.
struct SamplingOptions {
  double temperature = 0.8;  // 0: greedy
  int top_k = 40;            // <= 0: off
  double top_p = 0.9;        // >= 1: off
  double min_p = 0.0;        // 0: off
  double typical_p = 1.0;    // >= 1: off
  int repeat_last_n = 64;    // window of the penalties in tokens; 0: off, -1: the whole context
  double repeat_penalty = 1.0;
  double presence_penalty = 0.0;
  double frequency_penalty = 0.0;
  std::optional<std::uint64_t> seed;  // unset: random
  bool repetition_guard = true;       // ends an answer that is caught in a loop (see RepetitionGuard)
};

}  // namespace axllama::inference
