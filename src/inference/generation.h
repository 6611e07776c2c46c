#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inference/sampling.h"
#include "text/constraint/constraint.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// What is wanted of a prompt instead of an answer; TokenEvent::readout brings it.
struct Readout {
  /// The logits of these tokens after the prompt; empty: the prompt's embedding, which is the hidden states
  /// of its tokens behind the final norm, pooled as the package says, [hidden], of any length.
  std::vector<text::TokenId> logits_of;
};

/// Tokens that a draft model guesses at once unless a request says otherwise, and at most.
inline constexpr std::size_t kDefaultDraft = 16;
inline constexpr std::size_t kLongestDraft = 64;

/// What to generate from. Tokens come in, text and tokens come out.
struct GenerationRequest {
  std::vector<text::TokenId> prompt;  // at least one token; shorter than the context
  std::optional<Readout> readout;  // set: the prompt, which may fill the context, is only read; of the rest
                                   // only pinned_prompt_tokens and context_limit count
  SamplingOptions sampling;
  int max_tokens = -1;                  // < 0: until stop or context full; 0: only evaluate the prompt
  std::vector<std::string> stop;        // the answer ends before the first of these
  bool emit_special_tokens = false;     // whether special tokens appear in the text
  bool ignore_end_of_sequence = false;  // goes on after an end-of-sequence token (benchmarks)
  std::shared_ptr<const text::Constraint> constraint;  // what the answer must look like; null: anything
  std::string constraint_after;     // the constraint begins after this text ("</think>"); empty: at once
  std::optional<int> top_logprobs;  // set: log probabilities of each token and of so many alternatives
  bool speculate = true;  // guesses tokens and verifies several at once where it pays; they are the same
  std::size_t longest_draft = kDefaultDraft;  // tokens that a draft model guesses at once; 0: none
  std::size_t pinned_prompt_tokens =
      0;  // the prompt's beginning that other requests will share (system prompt)
  std::size_t context_limit =
      0;                        // tokens of prompt and answer (num_ctx); 0, or too many: the model's context
  bool context_shift = false;   // when the context is full, drop the middle and go on instead of ending
  std::size_t keep_tokens = 0;  // first tokens of the prompt that a shift keeps
  std::optional<std::chrono::steady_clock::time_point> deadline;  // the answer ends then, with kLength
};

enum class FinishReason {
  kStop,       // end-of-sequence token or stop string
  kLength,     // max_tokens or context full
  kCancelled,  // cancelled by the caller
};

/// "stop", "length" or "cancelled".
const char* finish_reason_name(FinishReason reason) noexcept;

/// Counts and times of one generation.
struct GenerationStats {
  std::size_t prompt_tokens = 0;
  std::size_t cached_prompt_tokens = 0;  // of these, taken from a cache: not computed
  std::size_t generated_tokens = 0;
  std::size_t guessed_tokens = 0;   // from what was said before, and verified in chunks
  std::size_t accepted_tokens = 0;  // of these, those that came true
  std::size_t drafted_tokens = 0;   // the same of those that a draft model guessed
  std::size_t accepted_drafts = 0;
  std::chrono::nanoseconds prompt_time{0};
  std::chrono::nanoseconds generation_time{0};
};

/// The log probability (natural) of a token under the distribution of the logits, before any filter.
struct TokenLogprob {
  text::TokenId token = 0;
  std::string bytes;  // what the token stands for; may be a part of a UTF-8 sequence
  double logprob = 0;
  std::vector<TokenLogprob> alternatives;  // the most probable tokens, best first; their own are empty
};

/// One piece of an answer. `text` is complete UTF-8 and may be empty (held back bytes or stop candidates).
struct TokenEvent {
  std::vector<text::TokenId> tokens;  // sampled since the last event (normally one)
  std::string text;
  std::vector<TokenLogprob> logprobs;  // one per token where the request asked for them
  std::vector<float> readout;          // of the last event, where the request asked for one; finite
  bool done = false;                   // the last event; then `reason` and `stats` are set
  FinishReason reason = FinishReason::kStop;
  std::string stop_string;  // of the request's, the one that ended the answer; empty: none did
  GenerationStats stats;
};

}  // namespace axllama::inference
