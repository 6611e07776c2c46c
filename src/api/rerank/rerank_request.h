#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "api/chat/open_model.h"
#include "api/json_body.h"
#include "store/library.h"

namespace axllama::api::rerank {

/// Documents to be put in the order in which they answer a query.
struct RerankRequest {
  std::string asked_name;  // the model as the client wrote it
  chat::OpenModel model;
  std::string query;
  std::vector<std::string> documents;
  std::size_t top_n = 0;  // so many results at most; 0: all
  bool return_documents = false;
  std::string instruction;  // what the query is for; empty: web search
};

/// {model, query, documents (strings or {text}), top_n, return_documents, instruction}, as Jina's and
/// Cohere's clients write it. Throws Error: kInvalidArgument, also for models that neither rerank nor embed;
/// what chat::open_model() throws.
RerankRequest parse_rerank_request(const Json& body, const store::Library& library);

}  // namespace axllama::api::rerank
