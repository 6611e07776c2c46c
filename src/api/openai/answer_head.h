#pragma once

#include <ctime>
#include <string>

#include "api/json_body.h"

namespace axllama::api::openai {

/// What every object of one answer begins with.
struct AnswerHead {
  /// `prefix`: "chatcmpl-".
  AnswerHead(const std::string& prefix, std::string asked_model);

  Json begin(const char* object) const;

  std::string id;
  std::string model;
  std::time_t created;
};

}  // namespace axllama::api::openai
