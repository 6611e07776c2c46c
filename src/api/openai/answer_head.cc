#include "api/openai/answer_head.h"

#include <chrono>
#include <utility>

#include "telemetry/request_id.h"

namespace axllama::api::openai {

AnswerHead::AnswerHead(const std::string& prefix, std::string asked_model)
    : id(prefix + telemetry::new_request_id()),
      model(std::move(asked_model)),
      created(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())) {}

Json AnswerHead::begin(const char* object) const {
  Json body;
  body["id"] = id;
  body["object"] = object;
  body["created"] = created;
  body["model"] = model;
  body["system_fingerprint"] = "fp_ollama";
  return body;
}

}  // namespace axllama::api::openai
