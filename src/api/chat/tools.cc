#include "api/chat/tools.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "text/chat_template.h"
#include "text/tool_calls/offered_tools.h"
#include "text/tool_calls/required_call.h"

namespace axllama::api::chat {
namespace {

void check_tool(const Json& tool, std::size_t index) {
  const std::string path = "tools[" + std::to_string(index) + "]";
  if (!tool.is_object()) {
    refuse_request("the field \"" + path + "\" must be an object, not " + std::string(json_kind(tool)));
  }
  const JsonFields fields(tool, path + ".");
  const Json* function = fields.object("function");
  if (function == nullptr) {
    refuse_request("the field \"" + fields.path_of("function") + "\" is missing");
  }
  const JsonFields function_fields(*function, fields.path_of("function") + ".");
  if (function_fields.string("name").empty()) {
    refuse_request("the field \"" + function_fields.path_of("name") + "\" is missing");
  }
  function_fields.object("parameters");
}

/// The answer is to be a call, of the tool that is named if one is.
void require_calls(ChatRequest& request) {
  const text::ChatTemplate& chat_template = request.model.package->chat_template();
  // Of the package, and kept alive with it.
  const std::shared_ptr<const text::Tokenizer> tokenizer(request.model.package,
                                                         &request.model.package->tokenizer());
  const text::OfferedTools tools(request.tools);
  text::RequiredCalls required;
  if (request.tool_choice.kind == ToolChoice::Kind::kNamed) {
    required.name = request.tool_choice.name;
    required.most = 1;
  }
  request.format = text::compile_required_calls(chat_template.tool_call_format(), tools, required, tokenizer);
  if (request.think) {
    required.thoughts = chat_template.thinking_tags();
    request.format_after_thoughts =
        text::compile_required_calls(chat_template.tool_call_format(), tools, required, tokenizer);
  }
}

}  // namespace

void offer_tools(ChatRequest& request, Json tools, ToolChoice choice) {
  if (tools.is_null() || tools.empty()) {
    if (choice.kind != ToolChoice::Kind::kAuto) {
      refuse_request("the field \"tool_choice\" asks for a call, but there are no tools to call");
    }
    return;
  }
  if (!request.model.can_call_tools()) {
    refuse_request(request.model.full_name() + " does not support tools");
  }
  for (std::size_t i = 0; i < tools.size(); ++i) {
    check_tool(tools[i], i);
  }
  if (choice.kind == ToolChoice::Kind::kNamed && !text::OfferedTools(tools).has(choice.name)) {
    refuse_request("the field \"tool_choice\" names the function " + in_quotes(choice.name) +
                   ", which is not among the tools");
  }
  request.tools = std::move(tools);
  request.tool_choice = std::move(choice);
  if (request.tool_choice.kind != ToolChoice::Kind::kAuto) {
    require_calls(request);
  }
}

std::optional<text::ToolCallParser> make_tool_call_parser(const ChatRequest& request) {
  if (request.tools.is_null()) {
    return std::nullopt;
  }
  return text::ToolCallParser(request.model.package->chat_template().tool_call_format(),
                              text::OfferedTools(request.tools));
}

bool has_special_markers(const ChatRequest& request) {
  const text::Tokenizer& tokenizer = request.model.package->tokenizer();
  const text::ChatTemplate& chat_template = request.model.package->chat_template();
  std::vector<std::string> markers;
  if (request.think) {
    markers = {chat_template.thinking_tags().opening, chat_template.thinking_tags().closing};
  }
  if (!request.tools.is_null()) {
    const text::ToolCallFormat& format = chat_template.tool_call_format();
    markers.insert(markers.end(), format.openings.begin(), format.openings.end());
    markers.insert(markers.end(), format.closings.begin(), format.closings.end());
    markers.push_back(format.separator);
  }
  return std::any_of(markers.begin(), markers.end(), [&](const std::string& marker) {
    const std::vector<text::TokenId> tokens = tokenizer.encode(marker);
    return std::any_of(tokens.begin(), tokens.end(),
                       [&](text::TokenId token) { return tokenizer.is_special(token); });
  });
}

std::optional<ToolChoice> parse_tool_choice(const JsonFields& fields) {
  const Json* value = fields.find("tool_choice");
  if (value == nullptr || *value == "auto") {
    return ToolChoice{};
  }
  if (*value == "none") {
    return std::nullopt;
  }
  if (*value == "required") {
    return ToolChoice{ToolChoice::Kind::kRequired, ""};
  }
  if (value->is_object()) {
    const JsonFields choice(*value, fields.path_of("tool_choice") + ".");
    const Json* function = choice.object("function");
    const std::string name = function != nullptr
                                 ? JsonFields(*function, choice.path_of("function") + ".").string("name")
                                 : choice.string("name");
    if (!name.empty()) {
      return ToolChoice{ToolChoice::Kind::kNamed, name};
    }
  }
  refuse_request(
      "the field \"tool_choice\" must be \"none\", \"auto\", \"required\" or an object that names a "
      "function");
}

std::string new_call_id() {
  constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuvwxyz";
  static thread_local std::mt19937_64 random{std::random_device()()};
  std::uniform_int_distribution<std::size_t> letter(0, kLetters.size() - 1);
  std::string id = "call_";
  for (int i = 0; i < 8; ++i) {
    id += kLetters[letter(random)];
  }
  return id;
}

}  // namespace axllama::api::chat
