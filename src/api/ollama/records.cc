#include "api/ollama/records.h"

#include <algorithm>

#include "base/timestamp.h"

namespace axllama::api::ollama {
namespace {

void set_if_not_zero(Json& record, const char* name, std::uint64_t value) {
  if (value != 0) {
    record[name] = value;
  }
}

/// A time that passed is never nothing: clients divide by it.
std::uint64_t nanoseconds(std::chrono::nanoseconds duration) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 1));
}

}  // namespace

Json Records::begin(const std::string& content, const std::string& thinking, bool done) const {
  Json record;
  record["model"] = model_;
  record["created_at"] = base::format_timestamp_utc(std::chrono::system_clock::now());
  if (form_ == InferenceCall::Form::kGenerate) {
    record["response"] = content;
    if (!thinking.empty()) {
      record["thinking"] = thinking;
    }
  } else {
    Json message;
    message["role"] = "assistant";
    message["content"] = content;
    if (!thinking.empty()) {
      message["thinking"] = thinking;
    }
    record["message"] = std::move(message);
  }
  record["done"] = done;
  return record;
}

Json Records::piece(const std::string& content, const std::string& thinking) const {
  return begin(content, thinking, false);
}

Json Records::without_answer(const std::string& done_reason) const {
  Json record = begin("", "", true);
  record["done_reason"] = done_reason;
  return record;
}

Json Records::last(const std::string& content, const std::string& thinking, const std::string& done_reason,
                   const Metrics& metrics, const std::vector<text::TokenId>& context) const {
  Json record = begin(content, thinking, true);
  record["done_reason"] = done_reason;
  if (!context.empty()) {
    record["context"] = context;
  }
  const inference::GenerationStats& stats = metrics.stats;
  record["total_duration"] = nanoseconds(metrics.total);
  record["load_duration"] = nanoseconds(metrics.load);
  set_if_not_zero(record, "prompt_eval_count", stats.prompt_tokens);
  record["prompt_eval_duration"] = nanoseconds(stats.prompt_time);
  set_if_not_zero(record, "eval_count", stats.generated_tokens);
  if (stats.generated_tokens != 0) {
    record["eval_duration"] = nanoseconds(stats.generation_time);
  }
  return record;
}

Json Records::rendered(const std::string& prompt) const {
  Json record = begin("", "", false);
  record["_debug_info"]["rendered_template"] = prompt;
  return record;
}

std::string error_json(const std::string& message) {
  Json body;
  body["error"] = message;
  return to_json(body);
}

}  // namespace axllama::api::ollama
