#pragma once

#include "api/chat/chat_request.h"
#include "api/json_body.h"

namespace axllama::api::openai {

/// Sets what the answer must look like, after set_reasoning(): OpenAI's `response_format`, llama.cpp's
/// `grammar` and `json_schema`, and vLLM's `structured_outputs` and `guided_...`; one of them may say it.
/// Throws Error (kInvalidArgument).
void set_answer_form(chat::ChatRequest& request, const JsonFields& fields);

}  // namespace axllama::api::openai
