#pragma once

#include <vector>

#include "api/json_body.h"
#include "text/chat_template.h"

namespace axllama::api::openai {

/// The conversation in the field `input` of /v1/responses: a string, or items. `images` becomes true when
/// there are pictures. Throws Error.
std::vector<text::ChatMessage> parse_responses_input(const JsonFields& fields, bool& images);

}  // namespace axllama::api::openai
