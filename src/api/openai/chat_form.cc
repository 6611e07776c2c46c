#include "api/openai/chat_form.h"

#include <utility>

#include "api/chat/logprobs.h"
#include "api/error_bodies.h"
#include "api/event_records.h"
#include "http/status.h"

namespace axllama::api::openai {
namespace {

constexpr const char* kIdPrefix = "chatcmpl-";

Json tool_calls_json(const std::vector<text::ToolCall>& calls, std::size_t index) {
  Json list = Json::array();
  for (const text::ToolCall& call : calls) {
    Json entry;
    entry["id"] = call.id;
    entry["index"] = index++;
    entry["type"] = "function";
    entry["function"]["name"] = call.name;
    entry["function"]["arguments"] = to_json(call.arguments);
    list.push_back(std::move(entry));
  }
  return list;
}

Json logprobs_object(const std::vector<inference::TokenLogprob>& logprobs) {
  if (logprobs.empty()) {
    return nullptr;
  }
  Json object;
  object["content"] = chat::logprobs_json(logprobs, true);
  return object;
}

Json choice_json(const chat::WholeAnswer& answer, std::size_t index) {
  const chat::AnswerPiece said = answer.message();
  Json choice;
  choice["index"] = index;
  Json& message = choice["message"];
  message["role"] = "assistant";
  message["content"] = said.content;
  if (!said.thinking.empty()) {
    message["reasoning"] = said.thinking;
  }
  if (!said.tool_calls.empty()) {
    message["tool_calls"] = tool_calls_json(said.tool_calls, 0);
  }
  if (!said.logprobs.empty()) {
    choice["logprobs"] = logprobs_object(said.logprobs);
  }
  choice["finish_reason"] = finish_reason(answer.end);
  return choice;
}

}  // namespace

ChatStream::ChatStream(std::string model, bool include_usage)
    : head_(kIdPrefix, std::move(model)), include_usage_(include_usage) {}

std::string_view ChatStream::content_type() const {
  return http::kEventStreamContentType;
}

std::string ChatStream::chunk(Json delta, const char* finish_reason, const Json& logprobs) {
  Json choice;
  choice["index"] = index_;
  choice["delta"] = Json::object();
  if (!role_sent_) {
    role_sent_ = true;
    choice["delta"]["role"] = "assistant";
  }
  choice["delta"].update(delta);
  if (!logprobs.is_null()) {
    choice["logprobs"] = logprobs;
  }
  choice["finish_reason"] = finish_reason == nullptr ? Json(nullptr) : Json(finish_reason);
  Json body = head_.begin("chat.completion.chunk");
  body["choices"] = Json::array();
  body["choices"].push_back(std::move(choice));
  if (include_usage_) {
    body["usage"] = nullptr;
  }
  return data_record(body);
}

std::string ChatStream::piece(chat::AnswerPiece piece) {
  std::string records;
  Json logprobs = logprobs_object(piece.logprobs);
  if (!piece.thinking.empty()) {
    Json delta;
    delta["content"] = "";
    delta["reasoning"] = piece.thinking;
    records += chunk(std::move(delta), nullptr, std::exchange(logprobs, nullptr));
  }
  if (!piece.content.empty() || !logprobs.is_null()) {
    Json delta;
    delta["content"] = piece.content;
    records += chunk(std::move(delta), nullptr, logprobs);
  }
  if (!piece.tool_calls.empty()) {
    Json delta;
    delta["content"] = "";
    delta["tool_calls"] = tool_calls_json(piece.tool_calls, calls_);
    calls_ += piece.tool_calls.size();
    records += chunk(std::move(delta), nullptr);
  }
  return records;
}

std::string ChatStream::end(const chat::AnswerEnd& end) {
  std::string records;
  if (!role_sent_) {
    Json delta;
    delta["content"] = "";
    records += chunk(std::move(delta), nullptr);
  }
  records += chunk(Json::object(), finish_reason(end));
  usage_.add(end, index_ > 0);
  ++index_;
  calls_ = 0;
  role_sent_ = false;
  return records;
}

std::string ChatStream::finish() {
  std::string records;
  if (include_usage_) {
    Json body = head_.begin("chat.completion.chunk");
    body["choices"] = Json::array();
    body["usage"] = usage_.json();
    records += data_record(body);
  }
  return records + "data: [DONE]\n\n";
}

std::string ChatStream::error(const base::Error& error) {
  return data_record(openai_error(http::status_of(error.code()), error.message()));
}

std::string ChatStream::ping() {
  return std::string(kPingRecord);
}

std::string chat_completion(const std::string& model, const std::vector<chat::WholeAnswer>& answers) {
  Json body = AnswerHead(kIdPrefix, model).begin("chat.completion");
  body["choices"] = Json::array();
  Usage usage;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    body["choices"].push_back(choice_json(answers[i], i));
    usage.add(answers[i].end, i > 0);
  }
  body["usage"] = usage.json();
  return to_json(body);
}

}  // namespace axllama::api::openai
