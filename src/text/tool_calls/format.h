#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "text/tool_calls/tool_call.h"

namespace axllama::text {

/// The exact text around calls: begin NAME middle ARGUMENTS (between NAME middle ARGUMENTS)... end.
struct ToolCallSpelling {
  std::string begin = R"({"name": ")";
  std::string middle = R"(", "arguments": )";
  std::string between = "}\n{\"name\": \"";
  std::string end = "}";
};

/// How a model writes calls of tools. After an opening, a JSON object or an array of them is a call in every
/// format, and so is a call in tags (`<function=NAME>`).
struct ToolCallFormat {
  std::vector<std::string> openings =
      {};  // what announces calls: "<tool_call>", "[TOOL_CALLS]"; none: nothing does
  std::vector<std::string> closings = {};  // what may stand after one
  /// A JSON object that calls an offered tool is a call at the beginning of any line, without an opening. (At
  /// the beginning of an answer it is one in every format.)
  bool bare = false;
  /// After an opening the name may stand alone, with `separator` and the arguments after it:
  /// "[TOOL_CALLS]NAME[ARGS]{...}".
  bool named = false;
  std::string separator = {};
  /// Calls in tags need no opening.
  bool tagged = false;
  ToolCallSpelling spelling = {};
};

/// JSON without any announcement: what a model is likely to write whose template shows no calls.
ToolCallFormat bare_tool_call_format();

/// What an answer of the assistant looks like in a prompt that offers tools. The function renders a short
/// conversation: a question, and as the last message the one given, which has either content or calls; ""
/// when the template refuses.
using AnswerRenderer =
    std::function<std::string(const std::string& content, const std::vector<ToolCall>& calls)>;

/// Finds how a template writes calls: it is shown answers with and without calls, and the text that makes the
/// difference is taken apart. A template that shows no calls is searched for the known markers.
ToolCallFormat detect_tool_call_format(const AnswerRenderer& render, std::string_view source);

/// Calls as the format spells them, for templates that leave them out.
std::string write_tool_calls(const ToolCallFormat& format, const std::vector<ToolCall>& calls);

}  // namespace axllama::text
