#include "api/anthropic/messages_request.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "api/anthropic/conversation.h"

namespace axllama::api::anthropic {
namespace {

using chat::refuse_request;

/// Tools of the client. Those that Anthropic's servers would run themselves are left out: this one has none.
Json parse_tools(const JsonFields& fields) {
  Json tools = Json::array();
  const Json* given = fields.array("tools");
  for (std::size_t i = 0; given != nullptr && i < given->size(); ++i) {
    const JsonFields tool = fields.element("tools", *given, i);
    if (tool.string("type", "custom") != "custom") {
      continue;
    }
    Json entry;
    entry["type"] = "function";
    Json& function = entry["function"];
    function["name"] = tool.string("name");
    function["description"] = tool.string("description");
    const Json* schema = tool.object("input_schema");
    function["parameters"] = schema != nullptr ? *schema : Json::object();
    tools.push_back(std::move(entry));
  }
  return tools;
}

/// Empty: no tools are to be offered.
std::optional<chat::ToolChoice> parse_tool_choice(const JsonFields& fields) {
  const Json* value = fields.object("tool_choice");
  if (value == nullptr) {
    return chat::ToolChoice{};
  }
  const JsonFields choice = fields.inside("tool_choice", *value);
  const std::string type = choice.string("type");
  if (type == "none") {
    return std::nullopt;
  }
  if (type == "auto") {
    return chat::ToolChoice{};
  }
  if (type == "any") {
    return chat::ToolChoice{chat::ToolChoice::Kind::kRequired, ""};
  }
  if (const std::string name = choice.string("name"); type == "tool" && !name.empty()) {
    return chat::ToolChoice{chat::ToolChoice::Kind::kNamed, name};
  }
  refuse_request(
      "the field \"tool_choice.type\" must be \"auto\", \"any\", \"none\", or \"tool\" with a name");
}

/// "none" to "max"; empty where the client leaves that open. "xhigh" is "high", as with Ollama. Throws Error
/// for a word that is none.
std::string parse_effort(const JsonFields& fields) {
  const Json* config = fields.object("output_config");
  const std::string effort =
      config != nullptr ? fields.inside("output_config", *config).string("effort") : std::string();
  if (effort.empty() || effort == "xhigh") {
    return effort.empty() ? "" : "high";
  }
  return chat::parse_effort(effort);
}

/// Whether the client wants thoughts: it says so, or there are none.
bool wants_thinking(const JsonFields& fields) {
  const Json* thinking = fields.object("thinking");
  if (thinking == nullptr) {
    return false;
  }
  const std::string type = fields.inside("thinking", *thinking).string("type");
  if (type != "enabled" && type != "disabled" && type != "adaptive") {
    refuse_request("the field \"thinking.type\" must be \"enabled\", \"adaptive\" or \"disabled\", not " +
                   chat::in_quotes(type));
  }
  return type != "disabled";
}

void set_sampling(chat::ChatRequest& request, const JsonFields& fields) {
  inference::SamplingOptions& sampling = request.options.sampling;
  sampling.temperature = std::max(fields.number("temperature").value_or(sampling.temperature), 0.0);
  sampling.top_p = fields.number("top_p").value_or(sampling.top_p);
  if (const auto top_k = fields.integer("top_k")) {
    sampling.top_k = static_cast<int>(std::clamp<std::int64_t>(*top_k, 0, std::numeric_limits<int>::max()));
  }
}

std::vector<std::string> parse_stop_sequences(const JsonFields& fields) {
  std::vector<std::string> sequences;
  const Json* stop = fields.array("stop_sequences");
  for (std::size_t i = 0; stop != nullptr && i < stop->size(); ++i) {
    if (!(*stop)[i].is_string()) {
      refuse_request("the field \"stop_sequences\" must be an array of strings");
    }
    sequences.push_back((*stop)[i].get<std::string>());
  }
  return sequences;
}

int parse_token_limit(const JsonFields& fields) {
  const std::int64_t limit = fields.integer("max_tokens").value_or(0);
  if (limit < 1) {
    refuse_request("max_tokens is required and must be positive");
  }
  return static_cast<int>(std::min<std::int64_t>(limit, std::numeric_limits<int>::max()));
}

}  // namespace

MessagesRequest parse_messages_request(const Json& body, const store::Library& library, bool counting) {
  const JsonFields fields(body);
  MessagesRequest request;
  chat::ChatRequest& chat = request.chat;
  chat.asked_name = fields.string("model");
  if (chat.asked_name.empty()) {
    refuse_request("model is required");
  }
  const int token_limit = counting ? 0 : parse_token_limit(fields);
  bool images = false;
  chat.messages = parse_messages(fields, images);
  if (const std::string system = parse_system(fields); !system.empty()) {
    chat.messages.insert(chat.messages.begin(), {"system", system});
  }
  request.stream = fields.boolean("stream", false);
  Json tools = parse_tools(fields);
  const std::optional<chat::ToolChoice> tool_choice = parse_tool_choice(fields);
  const std::string effort = parse_effort(fields);
  const bool thinking = wants_thinking(fields) && effort != "none";

  chat.model = chat::open_model(library, chat.asked_name);
  chat::require_completion(chat, "chat");
  chat.options = chat::default_options(chat.model);
  chat.options.num_predict = token_limit;
  chat::set_thinking(chat, thinking && chat.model.can_think(), effort);
  if (tool_choice) {
    chat::offer_tools(chat, std::move(tools), *tool_choice);
  }
  if (images) {
    chat::refuse_images(chat);
  }
  set_sampling(chat, fields);
  request.stop_sequences = parse_stop_sequences(fields);
  chat.options.stop.insert(chat.options.stop.end(), request.stop_sequences.begin(),
                           request.stop_sequences.end());
  chat::complete_conversation(chat);
  return request;
}

}  // namespace axllama::api::anthropic
