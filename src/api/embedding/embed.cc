#include "api/embedding/embed.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "api/chat/answers.h"
#include "api/chat/chat_request.h"
#include "api/embedding/evaluations.h"
#include "base/error.h"

// Coroutines here hold only named values: GCC 12 destroys some temporaries of a co_await expression twice.

namespace axllama::api::embedding {
namespace {

using http::Awaitable;
using text::TokenId;

/// No token stands for more bytes of text than this.
constexpr std::size_t kMostBytesPerToken = 1024;

[[noreturn]] void refuse_too_long() {
  chat::refuse_request("the input length exceeds the context length");
}

std::vector<TokenId> tokens_of(const EmbeddingRequest& asked, const Input& input, std::size_t limit) {
  const text::Tokenizer& tokenizer = asked.model.package->tokenizer();
  std::vector<TokenId> tokens = input.tokens;
  if (!tokens.empty()) {
    if (tokens.size() > limit && !asked.truncate) {
      refuse_too_long();
    }
    tokens.resize(std::min(tokens.size(), limit));
    return tokens;
  }
  tokens = fit_tokens(tokenizer, tokenizer.encode(fitting_bytes(input.text, limit, asked.truncate)), limit,
                      asked.truncate);
  if (tokens.empty()) {
    chat::refuse_request("the input is empty: this model has no tokens for it");
  }
  return tokens;
}

void add_texts(const EmbeddingRequest& asked, std::size_t context, EvaluationPlan& plan) {
  plan.model = asked.model.reference();
  plan.keep_alive = asked.keep_alive;
  const std::size_t limit =
      asked.num_ctx ? std::min(context, static_cast<std::size_t>(*asked.num_ctx)) : context;
  for (const Input& input : asked.inputs) {
    inference::GenerationRequest& text = plan.texts.emplace_back();
    text.prompt = tokens_of(asked, input, limit);
    text.readout.emplace();
  }
}

}  // namespace

chat::OpenModel open_model(const store::Library& library, const std::string& asked) {
  try {
    chat::find_model(library, asked);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kNotFound) {
      throw;
    }
    throw base::Error(base::ErrorCode::kNotFound,
                      "model " + chat::in_quotes(asked) + " not found, try pulling it first");
  }
  return chat::open_model(library, asked);
}

void check_text_count(std::size_t count, const char* field) {
  if (count > kMostTexts) {
    chat::refuse_request("the field \"" + std::string(field) + "\" holds " + std::to_string(count) +
                         " texts; at most " + std::to_string(kMostTexts) + " are allowed");
  }
}

std::vector<Input> parse_texts(const Json* value) {
  std::vector<Input> inputs;
  const auto add = [&](const Json& text) {
    if (!text.is_string()) {
      chat::refuse_request("invalid input type");
    }
    inputs.push_back({text.get<std::string>(), {}});
  };
  if (value != nullptr && value->is_array()) {
    check_text_count(value->size(), "input");
    std::for_each(value->begin(), value->end(), add);
  } else if (value != nullptr && !(value->is_string() && value->get_ref<const std::string&>().empty())) {
    add(*value);
  }
  return inputs;
}

std::size_t parse_dimensions(const JsonFields& fields) {
  return static_cast<std::size_t>(std::max<std::int64_t>(fields.integer("dimensions").value_or(0), 0));
}

std::string_view fitting_bytes(std::string_view text, std::size_t limit, bool truncate) {
  if (text.size() / kMostBytesPerToken < limit) {
    return text;
  }
  if (!truncate) {
    refuse_too_long();
  }
  return text.substr(0, limit * kMostBytesPerToken);
}

std::vector<TokenId> fit_tokens(const text::Tokenizer& tokenizer, std::vector<TokenId> tokens,
                                std::size_t limit, bool truncate) {
  const std::size_t special = tokenizer.add_special_tokens({}).size();
  if (tokens.size() + special > limit) {
    if (!truncate) {
      refuse_too_long();
    }
    if (special >= limit) {
      chat::refuse_request("input after truncation exceeds maximum context length");
    }
    tokens.resize(limit - special);
  }
  return tokenizer.add_special_tokens(std::move(tokens));
}

Awaitable<void> embed(chat::Core& core, const EmbeddingRequest& asked, const http::Request& request,
                      EmbeddingResult& result) {
  if (asked.inputs.empty()) {
    co_await chat::load(core, asked.model, asked.keep_alive, result.load_time);
    co_return;
  }
  std::size_t context = 0;
  co_await chat::find_context(core, asked.model, asked.keep_alive, context, result.load_time);
  EvaluationPlan plan;
  std::function<void()> tokenize = [&] { add_texts(asked, context, plan); };
  co_await core.background.run(tokenize);
  Evaluations evaluations;
  co_await evaluate_all(core, plan, request, evaluations);
  std::function<void()> shorten_all = [&] {
    for (Vector& vector : evaluations.readouts) {
      shorten(vector, asked.dimensions);
    }
  };
  co_await core.background.run(shorten_all);
  result.vectors = std::move(evaluations.readouts);
  result.prompt_tokens = evaluations.prompt_tokens;
  result.load_time += evaluations.load_time;
}

}  // namespace axllama::api::embedding
