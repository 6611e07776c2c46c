#include "cli/chat_session.h"

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;

enum class ParameterType { kInteger, kNumber, kStrings };

struct Parameter {
  std::string_view name;
  ParameterType type;
};

constexpr std::array kParameters{
    Parameter{"num_ctx", ParameterType::kInteger},
    Parameter{"num_predict", ParameterType::kInteger},
    Parameter{"num_keep", ParameterType::kInteger},
    Parameter{"num_batch", ParameterType::kInteger},
    Parameter{"num_gpu", ParameterType::kInteger},
    Parameter{"num_thread", ParameterType::kInteger},
    Parameter{"seed", ParameterType::kInteger},
    Parameter{"top_k", ParameterType::kInteger},
    Parameter{"repeat_last_n", ParameterType::kInteger},
    Parameter{"temperature", ParameterType::kNumber},
    Parameter{"top_p", ParameterType::kNumber},
    Parameter{"min_p", ParameterType::kNumber},
    Parameter{"typical_p", ParameterType::kNumber},
    Parameter{"repeat_penalty", ParameterType::kNumber},
    Parameter{"presence_penalty", ParameterType::kNumber},
    Parameter{"frequency_penalty", ParameterType::kNumber},
    Parameter{"stop", ParameterType::kStrings},
};

template <typename Number>
Number parse(const std::string& name, const std::string& text, const char* kind) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw base::Error(base::ErrorCode::kInvalidArgument,
                      "the parameter " + name + " wants " + kind + ", not '" + text + "'");
  }
  return value;
}

}  // namespace

void ChatSession::set_system(const std::string& text) {
  const bool present = !messages.empty() && messages.front().at("role") == "system";
  if (present) messages.erase(0);
  if (!text.empty()) messages.insert(messages.begin(), Json{{"role", "system"}, {"content", text}});
}

std::string ChatSession::system() const {
  if (messages.empty() || messages.front().at("role") != "system") return {};
  return messages.front().at("content").get<std::string>();
}

void ChatSession::clear() {
  const std::string kept = system();
  messages = Json::array();
  set_system(kept);
}

void ChatSession::add(const std::string& role, const std::string& content, Json images) {
  Json message{{"role", role}, {"content", content}};
  if (!images.empty()) message["images"] = std::move(images);
  messages.push_back(std::move(message));
}

Json ChatSession::chat_request() const {
  Json request{{"model", model}, {"messages", messages}};
  put_settings(request);
  return request;
}

Json ChatSession::generate_request(const std::string& prompt, Json images) const {
  Json request{{"model", model}, {"prompt", prompt}};
  if (!images.empty()) request["images"] = std::move(images);
  put_settings(request);
  return request;
}

Json ChatSession::create_request(const std::string& name) const {
  Json request{{"model", name}, {"from", model}, {"stream", false}};
  Json turns = messages;
  if (!system().empty()) {
    request["system"] = system();
    turns.erase(0);
  }
  if (!options.empty()) request["parameters"] = options;
  if (!turns.empty()) request["messages"] = std::move(turns);
  return request;
}

void ChatSession::put_settings(Json& request) const {
  if (!options.empty()) request["options"] = options;
  if (format) request["format"] = *format;
  if (keep_alive) request["keep_alive"] = *keep_alive;
  if (think) request["think"] = *think;
}

std::string set_parameter(Json& options, const std::string& name, const std::vector<std::string>& values) {
  for (const Parameter& parameter : kParameters) {
    if (parameter.name != name) continue;
    if (values.empty()) {
      throw base::Error(base::ErrorCode::kInvalidArgument, "the parameter " + name + " wants a value");
    }
    switch (parameter.type) {
      case ParameterType::kInteger:
        options[name] = parse<std::int64_t>(name, values.front(), "a whole number");
        break;
      case ParameterType::kNumber:
        options[name] = parse<double>(name, values.front(), "a number");
        break;
      case ParameterType::kStrings:
        options[name] = values;
        break;
    }
    std::string shown;
    for (const auto& value : values) shown += (shown.empty() ? "" : ", ") + value;
    return shown;
  }
  throw base::Error(base::ErrorCode::kInvalidArgument, "unknown parameter '" + name + "'");
}

}  // namespace axllama::cli
