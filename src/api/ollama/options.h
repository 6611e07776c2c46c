#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "api/json_body.h"
#include "inference/sampling.h"
#include "model/package.h"

namespace axllama::api::ollama {

/// What the field `options` may set, with the model's own defaults below it and Ollama's below those.
struct Options {
  inference::SamplingOptions sampling;
  int num_predict = -1;        // < 0: no limit
  std::optional<int> num_ctx;  // unset: the model's context
  int num_keep = 4;            // tokens at the front that survive cutting a prompt
  std::vector<std::string> stop;
};

/// `options` may be null. Keys that are unknown, or that only steer other engines, are ignored; null values
/// too. Throws Error (kInvalidArgument): `option "x" must be of type integer` and the like.
Options parse_options(const Json* options, const model::SamplingDefaults& defaults);

}  // namespace axllama::api::ollama
