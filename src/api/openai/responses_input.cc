#include "api/openai/responses_input.h"

#include <string>
#include <utility>

#include "api/chat/chat_request.h"
#include "api/openai/request_fields.h"
#include "http/headers.h"

namespace axllama::api::openai {
namespace {

using chat::refuse_request;

/// Puts items together to the messages that templates know: what an assistant thought, said and called is
/// one message, with the results behind it.
class Conversation {
 public:
  std::vector<text::ChatMessage> take() { return std::move(messages_); }

  void add_message(std::string role, std::string content) {
    if (role != "assistant") {
      messages_.push_back({std::move(role), std::move(content)});
      return;
    }
    text::ChatMessage& message = continues_calls() ? messages_.back() : begin_answer();
    message.content += content;
  }
  void add_call(text::ToolCall call) {
    const bool follows_answer =
        !messages_.empty() && messages_.back().role == "assistant" && thinking_.empty();
    text::ChatMessage& message = follows_answer ? messages_.back() : begin_answer();
    message.tool_calls.push_back(std::move(call));
  }
  void add_result(const std::string& call_id, std::string content) {
    text::ChatMessage message{"tool", std::move(content)};
    message.tool_call_id = call_id;
    messages_.push_back(std::move(message));
  }
  /// Of the answer that follows.
  void add_thinking(const std::string& thinking) { thinking_ += thinking; }

 private:
  bool continues_calls() const {
    return !messages_.empty() && messages_.back().role == "assistant" && !messages_.back().tool_calls.empty();
  }
  text::ChatMessage& begin_answer() {
    text::ChatMessage& message = messages_.emplace_back();
    message.role = "assistant";
    message.thinking = std::exchange(thinking_, {});
    return message;
  }

  std::vector<text::ChatMessage> messages_;
  std::string thinking_;
};

/// A string, or parts of which the texts are put together.
std::string parse_parts(const JsonFields& item, const char* name, bool& images) {
  const Json* content = item.find(name);
  if (content == nullptr) {
    return {};
  }
  if (content->is_string()) {
    return content->get<std::string>();
  }
  if (!content->is_array()) {
    refuse_request("the field \"" + item.path_of(name) + "\" must be a string or an array of parts, not " +
                   std::string(json_kind(*content)));
  }
  std::string text;
  for (std::size_t i = 0; i < content->size(); ++i) {
    const JsonFields part = item.element(name, *content, i);
    const std::string type = part.string("type");
    if (type == "input_text" || type == "output_text" || type == "text" || type == "refusal") {
      text += (text.empty() ? "" : "\n") + part.string(type == "refusal" ? "refusal" : "text");
    } else if (type == "input_image") {
      check_image_url(part.string("image_url"));
      images = true;
    } else if (type == "input_file") {
      refuse_request("file inputs are not currently supported");
    } else {
      refuse_request("the field \"" + part.path_of("type") +
                     "\" names no known kind of content: " + chat::in_quotes(type));
    }
  }
  return text;
}

/// A reasoning item as this server gave it: the thoughts are its encrypted content, in plain text.
std::string parse_reasoning_item(const JsonFields& item) {
  std::string thinking = item.string("encrypted_content");
  if (const Json* summary = item.array("summary"); thinking.empty() && summary != nullptr) {
    for (std::size_t i = 0; i < summary->size(); ++i) {
      thinking += item.element("summary", *summary, i).string("text");
    }
  }
  return thinking;
}

void add_item(Conversation& conversation, const JsonFields& item, const std::string& name, bool& images) {
  std::string type = item.string("type");
  if (type.empty() && item.has("role")) {
    type = "message";
  }
  if (type == "message") {
    const std::string role = http::to_lower(item.string("role", "user"));
    conversation.add_message(role == "developer" ? "system" : role, parse_parts(item, "content", images));
  } else if (type == "function_call") {
    conversation.add_call(
        {item.string("call_id"), item.string("name"), parse_arguments(item.string("arguments"))});
  } else if (type == "function_call_output") {
    conversation.add_result(item.string("call_id"), parse_parts(item, "output", images));
  } else if (type == "reasoning") {
    conversation.add_thinking(parse_reasoning_item(item));
  } else if (type != "web_search_call") {
    refuse_request(name + ": unknown input item type: " + chat::in_quotes(type));
  }
}

}  // namespace

std::vector<text::ChatMessage> parse_responses_input(const JsonFields& fields, bool& images) {
  const Json* input = fields.find("input");
  if (input == nullptr) {
    refuse_request("input is required");
  }
  Conversation conversation;
  if (input->is_string()) {
    conversation.add_message("user", input->get<std::string>());
  } else if (input->is_array() && !input->empty()) {
    for (std::size_t i = 0; i < input->size(); ++i) {
      add_item(conversation, fields.element("input", *input, i), "input[" + std::to_string(i) + "]", images);
    }
  } else {
    refuse_request("the field \"input\" must be a string or an array of at least one item");
  }
  return conversation.take();
}

}  // namespace axllama::api::openai
