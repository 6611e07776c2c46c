#include "cli/chat_session.h"

#include <utility>

#include "base/error.h"
#include "store/modelfile.h"

namespace axllama::cli {

using Json = nlohmann::ordered_json;

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

Json ChatSession::load_request() const {
  Json request{{"model", model}};
  if (keep_alive) request["keep_alive"] = *keep_alive;
  if (think) request["think"] = *think;
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
  if (values.empty()) {
    throw base::Error(base::ErrorCode::kInvalidArgument, "the parameter " + name + " wants a value");
  }
  const Json first = store::parse_parameter(name, values.front());
  options[name] = first.is_array() ? Json(values) : first;
  std::string shown;
  for (const auto& value : values) shown += (shown.empty() ? "" : ", ") + value;
  return shown;
}

}  // namespace axllama::cli
