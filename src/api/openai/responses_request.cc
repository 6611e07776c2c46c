#include "api/openai/responses_request.h"

#include <string>
#include <utility>

#include "api/chat/answer_form.h"
#include "api/chat/tools.h"
#include "api/openai/request_fields.h"
#include "api/openai/responses_input.h"

namespace axllama::api::openai {
namespace {

using chat::refuse_request;

Json as_template_tool(const JsonFields& tool, const std::string& prefix) {
  Json entry;
  entry["type"] = "function";
  Json& function = entry["function"];
  function["name"] = prefix + tool.string("name");
  if (const std::string description = tool.string("description"); !description.empty()) {
    function["description"] = description;
  }
  const Json* parameters = tool.object("parameters");
  function["parameters"] = parameters != nullptr ? *parameters : Json::object();
  return entry;
}

/// Functions, alone or in name spaces. Tools that OpenAI's servers would run themselves are left out: this
/// one has none.
Json parse_tools(const JsonFields& fields) {
  Json tools = Json::array();
  const Json* given = fields.array("tools");
  for (std::size_t i = 0; given != nullptr && i < given->size(); ++i) {
    const JsonFields tool = fields.element("tools", *given, i);
    const std::string type = tool.string("type");
    if (type == "function") {
      tools.push_back(as_template_tool(tool, ""));
    } else if (const Json* members = tool.array("tools"); type == "namespace" && members != nullptr) {
      for (std::size_t j = 0; j < members->size(); ++j) {
        tools.push_back(as_template_tool(tool.element("tools", *members, j), tool.string("name") + "."));
      }
    }
  }
  return tools;
}

void set_text_format(chat::ChatRequest& request, const JsonFields& fields) {
  const Json* text = fields.object("text");
  const Json* format = text != nullptr ? fields.inside("text", *text).object("format") : nullptr;
  if (format == nullptr) {
    return;
  }
  const JsonFields form(*format, "text.format.");
  const std::string type = form.string("type");
  chat::AnswerForm answer;
  if (type == "json_schema") {
    const Json* schema = form.object("schema");
    if (schema == nullptr) {
      refuse_request("the field \"text.format.schema\" is missing");
    }
    answer.set_schema("text.format", *schema);
  } else if (type == "json_object") {
    answer.set_json("text.format");
  }
  answer.apply(request);
}

/// The member as it was sent, or what stands for its absence.
Json or_else(const JsonFields& fields, const char* name, const Json& otherwise) {
  const Json* value = fields.find(name);
  return value != nullptr ? *value : otherwise;
}

Json make_echo(const JsonFields& fields, const chat::ChatRequest& request) {
  Json echo;
  echo["instructions"] = or_else(fields, "instructions", nullptr);
  echo["tools"] = or_else(fields, "tools", Json::array());
  echo["tool_choice"] = or_else(fields, "tool_choice", "auto");
  echo["truncation"] = or_else(fields, "truncation", "disabled");
  echo["parallel_tool_calls"] = true;
  echo["text"] = or_else(fields, "text", Json{{"format", {{"type", "text"}}}});
  echo["top_p"] = request.options.sampling.top_p;
  echo["presence_penalty"] = 0;
  echo["frequency_penalty"] = 0;
  echo["top_logprobs"] = 0;
  echo["temperature"] = request.options.sampling.temperature;
  echo["reasoning"] = or_else(fields, "reasoning", Json{{"effort", nullptr}, {"summary", nullptr}});
  echo["max_output_tokens"] = or_else(fields, "max_output_tokens", nullptr);
  echo["max_tool_calls"] = nullptr;
  echo["store"] = false;
  echo["background"] = false;
  echo["service_tier"] = "default";
  echo["metadata"] = or_else(fields, "metadata", Json::object());
  echo["safety_identifier"] = nullptr;
  echo["prompt_cache_key"] = nullptr;
  return echo;
}

}  // namespace

ResponsesRequest parse_responses_request(const Json& body, const store::Library& library) {
  const JsonFields fields(body);
  ResponsesRequest request;
  chat::ChatRequest& chat = request.chat;
  request.stream = fields.boolean("stream", false);
  bool images = false;
  chat.messages = parse_responses_input(fields, images);
  if (const std::string instructions = fields.string("instructions"); !instructions.empty()) {
    chat.messages.insert(chat.messages.begin(), {"system", instructions});
  }
  const std::string reasoning = parse_reasoning(fields);
  Json tools = parse_tools(fields);
  const std::optional<chat::ToolChoice> tool_choice = chat::parse_tool_choice(fields);

  open_asked(chat, fields, library);
  chat::require_completion(chat, "chat");
  if (chat.messages.empty()) {
    refuse_request("the field \"input\" holds no message");
  }
  set_reasoning(chat, reasoning);
  if (tool_choice) {
    chat::offer_tools(chat, std::move(tools), *tool_choice);
  }
  if (images) {
    chat::refuse_images(chat);
  }
  set_text_format(chat, fields);
  const double top_p = chat.options.sampling.top_p;
  set_sampling(chat, fields);
  if (!fields.has("top_p")) {
    chat.options.sampling.top_p = top_p;  // here the model's own
  }
  set_token_limit(chat, fields, {"max_output_tokens"});
  chat::complete_conversation(chat);
  request.echo = make_echo(fields, chat);
  return request;
}

}  // namespace axllama::api::openai
