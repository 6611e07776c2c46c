#include "api/anthropic/conversation.h"

#include <utility>

#include "api/chat/chat_request.h"
#include "http/headers.h"

namespace axllama::api::anthropic {
namespace {

using chat::refuse_request;

[[noreturn]] void refuse_content(const std::string& path, const Json& found) {
  refuse_request("the field \"" + path + "\" must be a string or an array of blocks, not " +
                 std::string(json_kind(found)));
}

void check_image(const JsonFields& block) {
  const Json* source = block.object("source");
  const std::string type = source != nullptr ? block.inside("source", *source).string("type") : std::string();
  if (type == "url") {
    refuse_request("image URLs are not currently supported, please use base64 encoded data instead");
  }
  if (type != "base64") {
    refuse_request("invalid image source type: " + chat::in_quotes(type));
  }
}

/// A string, or the texts of blocks put together.
std::string parse_text(const JsonFields& parent, const char* name, bool& images) {
  const Json* content = parent.find(name);
  if (content == nullptr) {
    return {};
  }
  if (content->is_string()) {
    return content->get<std::string>();
  }
  if (!content->is_array()) {
    refuse_content(parent.path_of(name), *content);
  }
  std::string text;
  for (std::size_t i = 0; i < content->size(); ++i) {
    const JsonFields block = parent.element(name, *content, i);
    const std::string type = block.string("type");
    if (type == "text") {
      text += block.string("text");
    } else if (type == "image") {
      check_image(block);
      images = true;
    }
  }
  return text;
}

/// What the blocks of one message say.
struct Blocks {
  text::ChatMessage message;
  std::vector<text::ChatMessage> tool_results;
};

void add_block(Blocks& blocks, const JsonFields& block, bool& images) {
  const std::string type = block.string("type");
  if (type == "text") {
    blocks.message.content += block.string("text");
  } else if (type == "thinking") {
    blocks.message.thinking += block.string("thinking");
  } else if (type == "image") {
    check_image(block);
    images = true;
  } else if (type == "tool_use") {
    text::ToolCall call{block.string("id"), block.string("name")};
    if (const Json* input = block.object("input")) {
      call.arguments = *input;
    }
    blocks.message.tool_calls.push_back(std::move(call));
  } else if (type == "tool_result") {
    text::ChatMessage result{"tool", parse_text(block, "content", images)};
    result.tool_call_id = block.string("tool_use_id");
    blocks.tool_results.push_back(std::move(result));
  }
}

void add_message(std::vector<text::ChatMessage>& messages, const JsonFields& fields, bool& images) {
  Blocks blocks;
  blocks.message.role = http::to_lower(fields.string("role"));
  if (blocks.message.role.empty()) {
    refuse_request("the field \"" + fields.path_of("role") + "\" is missing");
  }
  const Json* content = fields.find("content");
  if (content == nullptr) {
    refuse_request("the field \"" + fields.path_of("content") + "\" is missing");
  }
  if (content->is_string()) {
    blocks.message.content = content->get<std::string>();
  } else if (content->is_array()) {
    for (std::size_t i = 0; i < content->size(); ++i) {
      add_block(blocks, fields.element("content", *content, i), images);
    }
  } else {
    refuse_content(fields.path_of("content"), *content);
  }
  const bool only_results = !blocks.tool_results.empty() && blocks.message.content.empty();
  for (text::ChatMessage& result : blocks.tool_results) {
    messages.push_back(std::move(result));
  }
  if (!only_results) {
    messages.push_back(std::move(blocks.message));
  }
}

}  // namespace

std::string parse_system(const JsonFields& fields) {
  bool images = false;
  return parse_text(fields, "system", images);
}

std::vector<text::ChatMessage> parse_messages(const JsonFields& fields, bool& images) {
  std::vector<text::ChatMessage> messages;
  const Json* list = fields.array("messages");
  if (list == nullptr || list->empty()) {
    refuse_request("messages is required");
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    add_message(messages, fields.element("messages", *list, i), images);
  }
  return messages;
}

}  // namespace axllama::api::anthropic
