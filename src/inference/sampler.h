#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bfloat16.h"
#include "inference/logits_selection.h"
#include "inference/penalties.h"
#include "inference/random.h"
#include "inference/sampling.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// Chooses the next token of one generation from logits. Steps and their order are llama.cpp's: penalties,
/// top-k, typical-p, top-p, min-p, temperature, draw. Temperature <= 0 takes the largest penalised logit, the
/// lowest id among equals. The choice depends on options, seed, accepted tokens and logits alone: not on
/// time, threads or other requests. One thread at a time.
class Sampler {
 public:
  /// `context_length`: what repeat_last_n = -1 stands for. Without a seed one is drawn from the system.
  /// Throws Error (kInvalidArgument) for values that are not numbers, or a repeat_penalty that is not above
  /// 0.
  Sampler(const SamplingOptions& options, std::size_t context_length);

  /// Tells the penalties a token of the prompt, or the one that was sampled.
  void accept(text::TokenId token) { penalties_.accept(token); }

  /// `logits`: [V] bf16; `allowed`: the tokens to choose from, all without words. Draws at most one random
  /// number. Throws Error (kDevice) when the logits are not numbers, kInternal when nothing is allowed (see
  /// LogitsSelection).
  text::TokenId sample(std::span<const base::Bf16> logits, text::TokenSet allowed = {});

  /// How many of the largest logits are enough to choose as from all of them; unset: all are needed. Where a
  /// set of allowed tokens or log probabilities are asked for as well, all are, too.
  std::optional<std::size_t> largest_needed() const noexcept;

  /// From the largest logits alone, in order of choice: the token that sample() chooses from the whole row if
  /// there are largest_needed() of them; from fewer, as if the others could not come. Draws as often.
  text::TokenId sample(std::span<const Candidate> largest);

  /// What sample() would draw from, after all filters, in order of choice. For tests.
  const std::vector<Candidate>& candidates(std::span<const base::Bf16> logits, text::TokenSet allowed = {});

  std::uint64_t seed() const noexcept { return seed_; }

 private:
  void select(std::span<const base::Bf16> logits, text::TokenSet allowed);
  void select(std::span<const Candidate> largest);
  void penalise(std::span<const base::Bf16> logits, text::TokenSet allowed);
  void merge_penalised(std::size_t keep);
  void filter();
  text::TokenId draw();
  std::size_t kept_of(std::size_t logits) const noexcept;
  bool greedy() const noexcept { return options_.temperature <= 0; }

  SamplingOptions options_;
  std::uint64_t seed_;
  Random random_;
  Penalties penalties_;
  LogitsSelection selection_;
  std::vector<Candidate> candidates_;
  std::vector<Candidate> penalised_;
  std::vector<Candidate> merged_;
  std::vector<double> weights_;
};

}  // namespace axllama::inference
