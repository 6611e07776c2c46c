#include "inference/penalties.h"

namespace axllama::inference {

Penalties::Penalties(const SamplingOptions& options, std::size_t context_length)
    : repeat_(options.repeat_penalty),
      presence_(options.presence_penalty),
      frequency_(options.frequency_penalty) {
  const bool neutral = repeat_ == 1.0 && presence_ == 0.0 && frequency_ == 0.0;
  if (!neutral) {
    window_ = options.repeat_last_n < 0 ? context_length : static_cast<std::size_t>(options.repeat_last_n);
  }
}

void Penalties::accept(text::TokenId token) {
  if (!active()) {
    return;
  }
  if (tokens_.size() < window_) {
    tokens_.push_back(token);
  } else {
    const auto leaving = counts_.find(tokens_[oldest_]);
    if (leaving != counts_.end() && --leaving->second == 0) {
      counts_.erase(leaving);
    }
    tokens_[oldest_] = token;
    oldest_ = (oldest_ + 1) % window_;
  }
  ++counts_[token];
}

float Penalties::apply(float logit, std::uint32_t count) const noexcept {
  const double value = logit <= 0 ? logit * repeat_ : logit / repeat_;
  return static_cast<float>(value - count * frequency_ - presence_);
}

}  // namespace axllama::inference
