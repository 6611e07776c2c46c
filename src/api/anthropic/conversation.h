#pragma once

#include <string>
#include <vector>

#include "api/json_body.h"
#include "text/chat_template.h"

namespace axllama::api::anthropic {

/// The field `system`: a string, or text blocks put together.
std::string parse_system(const JsonFields& fields);

/// The field `messages`, whose content is a string or blocks (text, image, thinking, tool_use, tool_result;
/// others are skipped). The results of tools become messages of their own, in front of what the user says
/// with them. `images` becomes true when there are pictures. Throws Error.
std::vector<text::ChatMessage> parse_messages(const JsonFields& fields, bool& images);

}  // namespace axllama::api::anthropic
