#include "api/openai/completion_form.h"

#include <utility>

#include "api/error_bodies.h"
#include "api/event_records.h"
#include "base/utf8.h"
#include "http/status.h"

namespace axllama::api::openai {
namespace {

constexpr const char* kIdPrefix = "cmpl-";
constexpr const char* kObject = "text_completion";

/// {"tokens", "token_logprobs", "top_logprobs", "text_offset"}; null without any. `offset` counts characters
/// and goes on.
Json logprobs_object(const std::vector<inference::TokenLogprob>& logprobs, std::size_t& offset) {
  if (logprobs.empty()) {
    return nullptr;
  }
  Json object;
  for (const char* name : {"tokens", "token_logprobs", "top_logprobs", "text_offset"}) {
    object[name] = Json::array();
  }
  for (const inference::TokenLogprob& token : logprobs) {
    const std::string text = base::to_valid_utf8(token.bytes);
    object["tokens"].push_back(text);
    object["token_logprobs"].push_back(token.logprob);
    Json top = Json::object();
    for (const inference::TokenLogprob& alternative : token.alternatives) {
      top[base::to_valid_utf8(alternative.bytes)] = alternative.logprob;
    }
    object["top_logprobs"].push_back(std::move(top));
    object["text_offset"].push_back(offset);
    offset += base::utf8_length(text);
  }
  return object;
}

Json choice_json(const std::string& text, std::size_t index, Json logprobs, const char* finish_reason) {
  Json choice;
  choice["text"] = text;
  choice["index"] = index;
  choice["logprobs"] = std::move(logprobs);
  choice["finish_reason"] = finish_reason == nullptr ? Json(nullptr) : Json(finish_reason);
  return choice;
}

}  // namespace

CompletionStream::CompletionStream(const CompletionRequest& request)
    : head_(kIdPrefix, request.model),
      echoes_(request.echoes),
      answers_each_(request.plan.answers_each),
      include_usage_(request.include_usage) {}

std::string_view CompletionStream::content_type() const {
  return http::kEventStreamContentType;
}

std::string CompletionStream::chunk(const std::string& text, const char* finish_reason, Json logprobs) {
  Json body = head_.begin(kObject);
  body["choices"] = Json::array();
  body["choices"].push_back(choice_json(text, index_, std::move(logprobs), finish_reason));
  if (include_usage_) {
    body["usage"] = nullptr;
  }
  return data_record(body);
}

std::string CompletionStream::begin(const chat::BuiltPrompt& /*prompt*/) {
  const std::string& echo = echoes_[index_ / answers_each_];
  text_offset_ = base::utf8_length(echo);
  return echo.empty() ? std::string() : chunk(echo, nullptr);
}

std::string CompletionStream::piece(chat::AnswerPiece piece) {
  Json logprobs = logprobs_object(piece.logprobs, text_offset_);
  return piece.content.empty() && logprobs.is_null() ? std::string()
                                                     : chunk(piece.content, nullptr, std::move(logprobs));
}

std::string CompletionStream::end(const chat::AnswerEnd& end) {
  std::string records = chunk("", finish_reason(end));
  usage_.add(end, index_ % answers_each_ != 0);
  ++index_;
  return records;
}

std::string CompletionStream::finish() {
  std::string records;
  if (include_usage_) {
    Json body = head_.begin(kObject);
    body["choices"] = Json::array();
    body["usage"] = usage_.json();
    records += data_record(body);
  }
  return records + "data: [DONE]\n\n";
}

std::string CompletionStream::error(const base::Error& error) {
  return data_record(openai_error(http::status_of(error.code()), error.message()));
}

std::string CompletionStream::ping() {
  return std::string(kPingRecord);
}

std::string completion(const CompletionRequest& request, const std::vector<chat::WholeAnswer>& answers) {
  Json body = AnswerHead(kIdPrefix, request.model).begin(kObject);
  body["choices"] = Json::array();
  Usage usage;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const chat::WholeAnswer& answer = answers[i];
    const std::string& echo = request.echoes[i / request.plan.answers_each];
    std::size_t offset = base::utf8_length(echo);
    const chat::AnswerPiece said = answer.message();
    Json logprobs = logprobs_object(said.logprobs, offset);
    body["choices"].push_back(
        choice_json(echo + said.content, i, std::move(logprobs), finish_reason(answer.end)));
    usage.add(answer.end, i % request.plan.answers_each != 0);
  }
  body["usage"] = usage.json();
  return to_json(body);
}

}  // namespace axllama::api::openai
