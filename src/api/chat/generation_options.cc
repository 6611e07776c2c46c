#include "api/chat/generation_options.h"

#include "api/chat/options_object.h"

namespace axllama::api::chat {

GenerationOptions default_options(const model::SamplingDefaults& recommended) {
  GenerationOptions options;
  inference::SamplingOptions& sampling = options.sampling;
  sampling.temperature = recommended.temperature.value_or(sampling.temperature);
  sampling.top_k = recommended.top_k.value_or(sampling.top_k);
  sampling.top_p = recommended.top_p.value_or(sampling.top_p);
  sampling.repeat_penalty = recommended.repeat_penalty.value_or(sampling.repeat_penalty);
  sampling.repeat_last_n = recommended.repeat_last_n.value_or(sampling.repeat_last_n);
  return options;
}

GenerationOptions default_options(const OpenModel& model) {
  GenerationOptions options = default_options(model.package->sampling_defaults());
  set_options(options, model.settings.parameters);
  return options;
}

}  // namespace axllama::api::chat
