#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "api/chat/answers.h"
#include "api/chat/chat_request.h"
#include "api/json_body.h"

namespace axllama::api::openai {

// What OpenAI's routes read alike. Each function throws Error (kInvalidArgument).

/// Most answers of one request: its prompts times `n`.
inline constexpr std::size_t kMostAnswers = 128;

/// Finds the model and fills in name and model; an empty name is `model is required`.
void open_asked(chat::ChatRequest& request, const JsonFields& fields, const store::Library& library);

/// temperature and top_p (1 where absent, as OpenAI has it), penalties, seed, stop.
void set_sampling(chat::ChatRequest& request, const JsonFields& fields);
/// The first of these fields that is given limits the answer's tokens.
void set_token_limit(chat::ChatRequest& request, const JsonFields& fields,
                     const std::vector<std::string>& names);
/// reasoning.effort, else reasoning_effort, as a level of thinking (chat::parse_effort); "" where the client
/// leaves that open.
std::string parse_reasoning(const JsonFields& fields);
/// Sets whether and how much the model is to think.
void set_reasoning(chat::ChatRequest& request, const std::string& effort);
/// stream_options.include_usage
bool wants_usage(const JsonFields& fields);
/// `n`, which with `prompts` must not ask for too many answers.
std::size_t parse_answer_count(const JsonFields& fields, std::size_t prompts);
/// The address of a picture: data with its type, in base64.
void check_image_url(const std::string& url);
/// Arguments of a call, which are JSON within a string.
Json parse_arguments(const std::string& text);

}  // namespace axllama::api::openai
