#include "inference/sampler.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>

#include "base/error.h"
#include "inference/truncation.h"

namespace axllama::inference {
namespace {

void require(bool condition, const char* rule, double value) {
  if (!condition) {
    throw base::Error(base::ErrorCode::kInvalidArgument,
                      std::string(rule) + ", but it is " + std::to_string(value) + ".");
  }
}

const SamplingOptions& checked(const SamplingOptions& options) {
  require(std::isfinite(options.temperature), "The temperature must be a finite number", options.temperature);
  require(!std::isnan(options.top_p), "top_p must be a number", options.top_p);
  require(!std::isnan(options.min_p), "min_p must be a number", options.min_p);
  require(!std::isnan(options.typical_p), "typical_p must be a number", options.typical_p);
  require(std::isfinite(options.repeat_penalty) && options.repeat_penalty > 0,
          "repeat_penalty must be a finite number above 0", options.repeat_penalty);
  require(std::isfinite(options.presence_penalty), "presence_penalty must be a finite number",
          options.presence_penalty);
  require(std::isfinite(options.frequency_penalty), "frequency_penalty must be a finite number",
          options.frequency_penalty);
  return options;
}

}  // namespace

Sampler::Sampler(const SamplingOptions& options, std::size_t context_length)
    : options_(checked(options)),
      seed_(options.seed ? *options.seed : random_seed()),
      random_(seed_),
      penalties_(options, context_length) {}

/// How many of so many logits penalties and top-k leave.
std::size_t Sampler::kept_of(std::size_t logits) const noexcept {
  if (greedy()) {
    return 1;
  }
  return options_.top_k > 0 ? std::min(logits, static_cast<std::size_t>(options_.top_k)) : logits;
}

/// Penalties that only lower logits leave room for no more tokens than there are in the window.
std::optional<std::size_t> Sampler::largest_needed() const noexcept {
  if (!greedy() && options_.top_k <= 0) {
    return std::nullopt;
  }
  const std::size_t keep = greedy() ? 1 : static_cast<std::size_t>(options_.top_k);
  if (!penalties_.active()) {
    return keep;
  }
  return penalties_.only_lower() ? std::optional(keep + penalties_.counts().size()) : std::nullopt;
}

/// The penalised logits of the tokens within the penalty window, sorted.
void Sampler::penalise(std::span<const base::Bf16> logits, text::TokenSet allowed) {
  penalised_.clear();
  for (const auto& [token, count] : penalties_.counts()) {
    const auto index = static_cast<std::size_t>(token);
    if (token >= 0 && index < logits.size() && allows(allowed, index)) {
      penalised_.push_back({penalties_.apply(base::bf16_to_f32(logits[index]), count), token});
    }
  }
  std::sort(penalised_.begin(), penalised_.end(), precedes);
}

/// Puts penalised_ in place of the same tokens in candidates_, which hold at least keep + (tokens in the
/// window) of the unpenalised order: so the first `keep` of the new order are among them and the penalised
/// ones.
void Sampler::merge_penalised(std::size_t keep) {
  const auto& counts = penalties_.counts();
  std::erase_if(candidates_, [&](const Candidate& c) { return counts.contains(c.id); });
  merged_.clear();
  std::merge(candidates_.begin(), candidates_.end(), penalised_.begin(), penalised_.end(),
             std::back_inserter(merged_), precedes);
  merged_.resize(std::min(keep, merged_.size()));
  candidates_.swap(merged_);
}

/// Penalties and top-k: the beginning of the order of choice, into candidates_.
void Sampler::select(std::span<const base::Bf16> logits, text::TokenSet allowed) {
  const std::size_t keep = kept_of(logits.size());
  if (penalties_.active()) {
    selection_.top(logits, std::min(keep + penalties_.counts().size(), logits.size()), candidates_, allowed);
    penalise(logits, allowed);
    merge_penalised(keep);
  } else if (keep == 1) {
    candidates_.assign(1, selection_.best(logits, allowed));
  } else {
    selection_.top(logits, keep, candidates_, allowed);
  }
}

void Sampler::select(std::span<const Candidate> largest) {
  require_largest(largest);
  const std::size_t keep = kept_of(largest.size());
  if (!penalties_.active()) {
    const auto kept = largest.first(keep);
    candidates_.assign(kept.begin(), kept.end());
    return;
  }
  candidates_.assign(largest.begin(), largest.end());
  penalised_.clear();
  for (const Candidate& candidate : largest) {
    const auto found = penalties_.counts().find(candidate.id);
    if (found != penalties_.counts().end()) {
      penalised_.push_back({penalties_.apply(candidate.logit, found->second), candidate.id});
    }
  }
  std::sort(penalised_.begin(), penalised_.end(), precedes);
  merge_penalised(keep);
}

void Sampler::filter() {
  keep_typical_p(candidates_, options_.typical_p);
  keep_top_p(candidates_, options_.top_p);
  keep_min_p(candidates_, options_.min_p);
}

const std::vector<Candidate>& Sampler::candidates(std::span<const base::Bf16> logits,
                                                  text::TokenSet allowed) {
  select(logits, allowed);
  filter();
  return candidates_;
}

text::TokenId Sampler::sample(std::span<const base::Bf16> logits, text::TokenSet allowed) {
  candidates(logits, allowed);
  return draw();
}

text::TokenId Sampler::sample(std::span<const Candidate> largest) {
  select(largest);
  filter();
  return draw();
}

text::TokenId Sampler::draw() {
  if (candidates_.size() == 1) {
    return candidates_.front().id;
  }
  const double threshold = softmax_weights(candidates_, options_.temperature, weights_) * random_.uniform();
  double reached = 0;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    reached += weights_[i];
    if (threshold < reached) {
      return candidates_[i].id;
    }
  }
  return candidates_.back().id;  // rounding only: the threshold is below the sum
}

}  // namespace axllama::inference
