#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "api/chat/chat_request.h"
#include "api/embedding/embed.h"
#include "api/embedding/evaluations.h"
#include "api/openai/routes.h"
#include "api/request_body.h"
#include "base/error.h"
#include "http/status.h"

// Coroutines here hold only named values: GCC 12 destroys some temporaries of a co_await expression twice.

namespace axllama::api::openai {
namespace {

using embedding::EmbeddingRequest;
using embedding::EmbeddingResult;
using embedding::Input;
using http::Awaitable;
using http::Request;
using http::ResponseWriter;

struct AskedEmbeddings {
  EmbeddingRequest request;
  bool base64 = false;
};

bool is_token_list(const Json& value) {
  return value.is_array() && !value.empty() &&
         std::all_of(value.begin(), value.end(), [](const Json& id) { return id.is_number_integer(); });
}

/// Texts, or lists of the model's own tokens.
std::vector<Input> parse_input(const Json& value, const model::Package& package) {
  if (is_token_list(value)) {
    return {{"", chat::parse_tokens(&value, "input", package)}};
  }
  if (!value.is_array() || !std::any_of(value.begin(), value.end(), is_token_list)) {
    return embedding::parse_texts(&value);
  }
  embedding::check_text_count(value.size(), "input");
  std::vector<Input> inputs;
  for (const Json& element : value) {
    if (!is_token_list(element)) {
      chat::refuse_request("invalid input type");
    }
    inputs.push_back({"", chat::parse_tokens(&element, "input", package)});
  }
  return inputs;
}

AskedEmbeddings parse_embeddings(const chat::Core& core, const Json& body) {
  const JsonFields fields(body);
  AskedEmbeddings asked;
  EmbeddingRequest& request = asked.request;
  request.asked_name = fields.string("model");
  const std::string format = fields.string("encoding_format", "float");
  const Json* input = fields.find("input");
  if (input == nullptr || (input->is_array() && input->empty())) {
    chat::refuse_request("invalid input");
  }
  if (format != "float" && format != "base64") {
    chat::refuse_request("Invalid value for 'encoding_format' = " + format +
                         ". Supported values: ['float', 'base64'].");
  }
  asked.base64 = format == "base64";
  request.dimensions = embedding::parse_dimensions(fields);
  if (request.asked_name.empty()) {
    throw base::Error(base::ErrorCode::kNotFound, "model '' not found");
  }
  request.model = embedding::open_model(core.library, request.asked_name);
  request.inputs = parse_input(*input, *request.model.package);
  return asked;
}

std::string embeddings_json(const AskedEmbeddings& asked, const EmbeddingResult& result) {
  std::string data;
  for (std::size_t i = 0; i < result.vectors.size(); ++i) {
    const embedding::Vector& vector = result.vectors[i];
    data += (i == 0 ? "" : ",") + std::string(R"({"object":"embedding","embedding":)");
    data += asked.base64 ? "\"" + embedding::to_base64(vector) + "\"" : embedding::to_json_array(vector);
    data += R"(,"index":)" + std::to_string(i) + "}";
  }
  const std::string tokens = std::to_string(result.prompt_tokens);
  return R"({"object":"list","data":[)" + data + R"(],"model":)" + to_json(asked.request.asked_name) +
         R"(,"usage":{"prompt_tokens":)" + tokens + R"(,"total_tokens":)" + tokens + "}}";
}

Awaitable<void> answer_embeddings(CorePointer core, Request& request, ResponseWriter& response) {
  AskedEmbeddings asked;
  std::function<void()> read = [&] { asked = parse_embeddings(*core, take_json_body(request)); };
  co_await core->background.run(read);
  EmbeddingResult result;
  co_await embedding::embed(*core, asked.request, request, result);
  std::string body;
  std::function<void()> write = [&] { body = embeddings_json(asked, result); };
  co_await core->background.run(write);
  co_await response.respond(200, http::kJsonContentType, body);
}

}  // namespace

http::Handler embeddings_handler(CorePointer core) {
  return [core = std::move(core)](Request& request, ResponseWriter& response) {
    return answer_embeddings(core, request, response);
  };
}

}  // namespace axllama::api::openai
