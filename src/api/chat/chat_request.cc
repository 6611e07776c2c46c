#include "api/chat/chat_request.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "text/constraint/compile.h"

namespace axllama::api::chat {
namespace {

/// Clients that show thoughts within the answer send them back so.
void drop_earlier_thoughts(std::vector<text::ChatMessage>& messages) {
  const auto last_user =
      std::find_if(messages.rbegin(), messages.rend(),
                   [](const text::ChatMessage& message) { return message.role == "user"; });
  if (last_user == messages.rend()) {
    return;
  }
  for (auto message = messages.begin(); message != last_user.base() - 1; ++message) {
    constexpr std::string_view kOpening = "<think>";
    constexpr std::string_view kClosing = "</think>";
    if (message->role != "assistant" || !message->content.starts_with(kOpening)) {
      continue;
    }
    const auto closing = message->content.find(kClosing);
    if (closing != std::string::npos) {
      const auto rest = message->content.find_first_not_of(" \t\r\n", closing + kClosing.size());
      message->content = rest == std::string::npos ? std::string() : message->content.substr(rest);
    }
  }
}

/// Qwen3 and DeepSeek-R1 must not see what they thought in earlier turns.
bool hides_earlier_thoughts(const OpenModel& model) {
  return model.package->architecture() == "qwen3" ||
         model.record.name.find("deepseek-r1") != std::string::npos;
}

}  // namespace

void refuse_request(const std::string& message) {
  throw base::Error(base::ErrorCode::kInvalidArgument, message);
}

std::string in_quotes(const std::string& text) {
  return to_json(Json(text));
}

void set_thinking(ChatRequest& request, const std::optional<bool>& asked, std::string_view level) {
  if (!request.model.can_think()) {
    if (asked.value_or(false)) {
      refuse_request(in_quotes(request.asked_name) + " does not support thinking");
    }
    return;
  }
  request.think = asked.value_or(true);
  if (request.think) {
    request.think_level = level == "minimal"                                       ? "low"
                          : level == "max" || level == "xhigh" || level == "ultra" ? "high"
                                                                                   : level;
  }
}

void refuse_images(const ChatRequest& request) {
  refuse_request(in_quotes(request.asked_name) + " does not support vision; send the request without images");
}

void set_format(ChatRequest& request, const Json* format) {
  if (format == nullptr || (format->is_string() && format->get_ref<const std::string&>().empty())) {
    return;
  }
  if (!format->is_object() && *format != "json") {
    refuse_request("invalid format: " + to_json(*format) +
                   "; expected \"json\" or a valid JSON Schema object");
  }
  // Of the package, and kept alive with it.
  const std::shared_ptr<const text::Tokenizer> tokenizer(request.model.package,
                                                         &request.model.package->tokenizer());
  const auto compile = [&](text::Thoughts thoughts) {
    return format->is_object() ? text::compile_json_schema(*format, tokenizer, thoughts)
                               : text::compile_json(tokenizer, text::JsonRoot::kValue, thoughts);
  };
  request.format = compile(text::Thoughts::kNone);
  if (request.think) {
    request.format_after_thoughts = compile(text::Thoughts::kAllowed);
  }
}

void complete_conversation(ChatRequest& request) {
  const auto& system = request.model.package->system_prompt();
  if (system && !system->empty() && request.messages.front().role != "system") {
    request.messages.insert(request.messages.begin(), {"system", *system});
  }
  if (hides_earlier_thoughts(request.model)) {
    drop_earlier_thoughts(request.messages);
  }
}

}  // namespace axllama::api::chat
