#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "inference/sampling.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// Repeat, presence and frequency penalties over the last n tokens of prompt and answer, as llama.cpp applies
/// them: a logit of a token that occurred c > 0 times is divided by `repeat_penalty` when positive, else
/// multiplied by it; then c * frequency_penalty + presence_penalty is subtracted.
class Penalties {
 public:
  /// `context_length` is the window for repeat_last_n = -1.
  Penalties(const SamplingOptions& options, std::size_t context_length);

  /// False when the options change nothing; then accept() does nothing.
  bool active() const noexcept { return window_ > 0; }
  /// Whether no logit becomes larger than it was.
  bool only_lower() const noexcept { return repeat_ >= 1.0 && presence_ >= 0.0 && frequency_ >= 0.0; }
  /// Moves the window on by one token.
  void accept(text::TokenId token);
  /// The tokens within the window and how often each occurs; without order.
  const std::unordered_map<text::TokenId, std::uint32_t>& counts() const noexcept { return counts_; }
  /// The penalised logit of a token that occurs `count` > 0 times.
  float apply(float logit, std::uint32_t count) const noexcept;

 private:
  double repeat_;
  double presence_;
  double frequency_;
  std::size_t window_ = 0;
  std::size_t oldest_ = 0;             // index of the oldest token once the window is full
  std::vector<text::TokenId> tokens_;  // ring
  std::unordered_map<text::TokenId, std::uint32_t> counts_;
};

}  // namespace axllama::inference
