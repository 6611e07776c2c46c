#include "api/chat/chat_request.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"

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

/// Some clients name the call that a result answers only by its id; templates want the tool's name.
void name_tool_results(std::vector<text::ChatMessage>& messages) {
  for (auto message = messages.begin(); message != messages.end(); ++message) {
    if (message->role != "tool" || !message->tool_name.empty() || message->tool_call_id.empty()) {
      continue;
    }
    for (auto earlier = messages.begin(); earlier != message; ++earlier) {
      for (const text::ToolCall& call : earlier->tool_calls) {
        if (call.id == message->tool_call_id) {
          message->tool_name = call.name;  // the newest wins
        }
      }
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

std::vector<text::TokenId> parse_tokens(const Json* array, const std::string& name,
                                        const model::Package& package) {
  std::vector<text::TokenId> tokens;
  if (array == nullptr) {
    return tokens;
  }
  const std::size_t limit = package.tokenizer().vocabulary_size();
  for (const Json& element : *array) {
    if (!element.is_number_integer()) {
      refuse_request("the field \"" + name + "\" must be an array of whole numbers");
    }
    const auto id = element.get<std::int64_t>();
    if (id < 0 || static_cast<std::uint64_t>(id) >= limit) {
      refuse_request("the field \"" + name + "\" holds the token " + std::to_string(id) +
                     ", but this model's tokens end at " + std::to_string(limit - 1) +
                     "; it belongs to another model");
    }
    tokens.push_back(static_cast<text::TokenId>(id));
  }
  return tokens;
}

void require_completion(const ChatRequest& request, const char* what) {
  if (request.model.package->purpose() != model::Purpose::kText) {
    refuse_request(in_quotes(request.asked_name) + " does not support " + what);
  }
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

bool parse_effort(const std::string& level) {
  constexpr std::array<std::string_view, 7> kLevels{"minimal", "low",   "medium", "high",
                                                    "xhigh",   "ultra", "max"};
  if (level == "none") {
    return false;
  }
  if (std::find(kLevels.begin(), kLevels.end(), level) == kLevels.end()) {
    refuse_request("invalid reasoning value: " + in_quotes(level) +
                   " (must be \"none\", \"minimal\", \"low\", \"medium\", \"high\", \"xhigh\", \"ultra\" or "
                   "\"max\")");
  }
  return true;
}

void set_templated_prompt(ChatRequest& request, const std::string& own_template,
                          const text::GoPromptInputs& inputs) {
  const std::optional<text::GoChatTemplate> go_template =
      own_template.empty() ? request.model.own_template
                           : std::optional(text::GoChatTemplate(own_template, request.asked_name));
  if (!go_template || (!inputs.suffix.empty() && !go_template->supports_suffix())) {
    refuse_request(request.model.full_name() + " does not support insert");
  }
  request.raw_prompt = go_template->render(inputs);
  request.think = false;
}

void refuse_images(const ChatRequest& request) {
  refuse_request(in_quotes(request.asked_name) + " does not support vision; send the request without images");
}

int parse_top_logprobs(const JsonFields& fields) {
  constexpr int kMost = 20;
  const std::int64_t count = fields.integer("top_logprobs").value_or(0);
  if (count < 0 || count > kMost) {
    refuse_request("top_logprobs must be between 0 and 20");
  }
  return static_cast<int>(count);
}

void complete_conversation(ChatRequest& request) {
  std::vector<text::ChatMessage> beginning;
  const std::string system = request.model.system_prompt();
  if (!system.empty() && request.messages.front().role != "system") {
    beginning.push_back({"system", system});
  }
  for (const store::PresetMessage& message : request.model.settings.messages) {
    beginning.push_back({message.role, message.content});
  }
  request.messages.insert(request.messages.begin(), beginning.begin(), beginning.end());
  name_tool_results(request.messages);
  if (hides_earlier_thoughts(request.model)) {
    drop_earlier_thoughts(request.messages);
  }
}

}  // namespace axllama::api::chat
