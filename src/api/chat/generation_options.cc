#include "api/chat/generation_options.h"

namespace axllama::api::chat {

GenerationOptions default_options(const model::SamplingDefaults& defaults) {
  GenerationOptions options;
  inference::SamplingOptions& sampling = options.sampling;
  sampling.temperature = defaults.temperature.value_or(sampling.temperature);
  sampling.top_k = defaults.top_k.value_or(sampling.top_k);
  sampling.top_p = defaults.top_p.value_or(sampling.top_p);
  sampling.repeat_penalty = defaults.repeat_penalty.value_or(sampling.repeat_penalty);
  sampling.repeat_last_n = defaults.repeat_last_n.value_or(sampling.repeat_last_n);
  return options;
}

}  // namespace axllama::api::chat
