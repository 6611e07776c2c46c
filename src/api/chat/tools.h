#pragma once

#include <optional>
#include <string>

#include "api/chat/chat_request.h"
#include "text/tool_calls/parser.h"

namespace axllama::api::chat {

/// What finds calls in the answer; nothing when no tools are on offer.
std::optional<text::ToolCallParser> make_tool_call_parser(const ChatRequest& request);

/// Whether a marker of the model's calls or thoughts is a special token, which texts leave out by default.
bool has_special_markers(const ChatRequest& request);

/// The field `tool_choice`: "auto" (the default), "none" (nothing is returned: offer no tools), "required",
/// or an object that names a function. Throws Error for anything else.
std::optional<ToolChoice> parse_tool_choice(const JsonFields& fields);

/// "call_" and eight random letters or digits.
std::string new_call_id();

}  // namespace axllama::api::chat
