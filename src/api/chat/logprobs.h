#pragma once

#include <vector>

#include "api/json_body.h"
#include "inference/generation.h"

namespace axllama::api::chat {

/// [{"token", "logprob", "bytes", "top_logprobs"}]: the form of all dialects. `top_logprobs` is left out when
/// there are none, unless `always_top`.
Json logprobs_json(const std::vector<inference::TokenLogprob>& logprobs, bool always_top = false);

}  // namespace axllama::api::chat
