#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/tool_calls/offered_tools.h"
#include "text/tool_calls/tool_call.h"

namespace axllama::text {

// Each reads the complete text of one or several calls; empty when it is none.

/// {"name": ..., "arguments" or "parameters": {...}}, with an object, JSON text of one, or nothing as
/// arguments; also {"function": {...}} around it; or an array of such objects.
std::vector<ToolCall> read_json_calls(std::string_view text);

/// The arguments alone, for a call whose name stands before them.
std::vector<ToolCall> read_named_call(std::string_view name, std::string_view arguments);

/// <function=NAME><parameter=KEY>value</parameter>...</function>. A value is text, unless the tool's schema
/// gives the parameter another type and the value is JSON.
std::vector<ToolCall> read_tagged_call(std::string_view text, const OfferedTools& tools);

}  // namespace axllama::text
