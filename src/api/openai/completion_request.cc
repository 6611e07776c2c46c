#include "api/openai/completion_request.h"

#include <algorithm>
#include <utility>

#include "api/openai/answer_fields.h"
#include "api/openai/request_fields.h"

namespace axllama::api::openai {
namespace {

using chat::refuse_request;

/// One of the prompts: a text or tokens.
struct Prompt {
  std::string text;
  std::vector<text::TokenId> tokens;
};

bool all_integers(const Json& array) {
  return std::all_of(array.begin(), array.end(), [](const Json& value) { return value.is_number_integer(); });
}

Prompt parse_prompt(const Json& value, const model::Package& package) {
  if (value.is_string()) {
    return {value.get<std::string>(), {}};
  }
  if (value.is_array() && !value.empty() && all_integers(value)) {
    Prompt prompt;
    prompt.tokens = chat::parse_tokens(&value, "prompt", package);
    prompt.text = package.tokenizer().decode(prompt.tokens, false);
    return prompt;
  }
  refuse_request(
      "the field \"prompt\" must be a string, an array of strings, an array of tokens or an array of "
      "those");
}

std::vector<Prompt> parse_prompts(const Json* value, const model::Package& package) {
  if (value == nullptr) {
    return {Prompt{}};
  }
  if (!value->is_array() || (!value->empty() && all_integers(*value))) {
    return {parse_prompt(*value, package)};
  }
  if (value->empty() || value->size() > kMostAnswers) {
    refuse_request("the field \"prompt\" holds " + std::to_string(value->size()) +
                   " prompts; between 1 and " + std::to_string(kMostAnswers) + " are allowed");
  }
  std::vector<Prompt> prompts;
  for (const Json& element : *value) {
    prompts.push_back(parse_prompt(element, package));
  }
  return prompts;
}

chat::ChatRequest with_prompt(chat::ChatRequest request, const Prompt& prompt, const std::string& suffix,
                              bool raw) {
  if (!suffix.empty()) {
    chat::set_templated_prompt(
        request, "", {.system = request.model.system_prompt(), .prompt = prompt.text, .suffix = suffix});
  } else if (!prompt.tokens.empty()) {
    request.context = prompt.tokens;
    request.raw_prompt = "";
  } else if (raw) {
    request.raw_prompt = prompt.text;
  } else {
    request.messages.push_back({"user", prompt.text});
    chat::complete_conversation(request);
  }
  return request;
}

}  // namespace

CompletionRequest parse_completion_request(const Json& body, const store::Library& library) {
  const JsonFields fields(body);
  CompletionRequest request;
  chat::ChatRequest common;
  request.stream = fields.boolean("stream", false);
  request.include_usage = wants_usage(fields);
  const bool raw = fields.boolean("raw", false);
  const std::string suffix = fields.string("suffix");
  const bool echo = fields.boolean("echo", false);
  const std::string reasoning = parse_reasoning(fields);
  constexpr int kMostLogprobs = 20;
  const std::optional<std::int64_t> logprobs = fields.integer("logprobs");
  if (logprobs && (*logprobs < 0 || *logprobs > kMostLogprobs)) {
    refuse_request("logprobs must be between 0 and " + std::to_string(kMostLogprobs));
  }

  open_asked(common, fields, library);
  chat::require_completion(common, "generate");
  request.model = common.asked_name;
  // Thoughts have no place in the answer: they would only use up its tokens.
  set_reasoning(common, reasoning.empty() ? "none" : reasoning);
  set_answer_form(common, fields);
  set_sampling(common, fields);
  set_token_limit(common, fields, {"max_tokens", "max_completion_tokens"});
  if (logprobs) {
    common.top_logprobs = static_cast<int>(*logprobs);
  }
  const std::vector<Prompt> prompts = parse_prompts(fields.find("prompt"), *common.model.package);
  request.plan.answers_each = parse_answer_count(fields, prompts.size());
  for (const Prompt& prompt : prompts) {
    request.plan.requests.push_back(with_prompt(common, prompt, suffix, raw));
    request.echoes.push_back(echo ? prompt.text : std::string());
  }
  return request;
}

}  // namespace axllama::api::openai
