#include "api/rerank/rerank_request.h"

#include "api/chat/chat_request.h"
#include "api/embedding/embed.h"

namespace axllama::api::rerank {
namespace {

std::string document_text(const JsonFields& fields, const Json& documents, std::size_t index) {
  if (documents[index].is_string()) {
    return documents[index].get<std::string>();
  }
  const JsonFields document = fields.element("documents", documents, index);
  if (!document.has("text")) {
    chat::refuse_request("the field \"" + document.path_of("text") + "\" is missing");
  }
  return document.string("text");
}

void require_judge(const RerankRequest& request) {
  if (request.model.package->purpose() == model::Purpose::kText) {
    chat::refuse_request(chat::in_quotes(request.asked_name) +
                         " does not support rerank; use a reranker or an embedding model");
  }
}

}  // namespace

RerankRequest parse_rerank_request(const Json& body, const store::Library& library) {
  const JsonFields fields(body);
  RerankRequest request;
  request.asked_name = fields.string("model");
  request.query = fields.string("query");
  request.instruction = fields.string("instruction");
  request.return_documents = fields.boolean("return_documents", false);
  const std::optional<std::int64_t> top_n = fields.integer("top_n");
  const Json* documents = fields.array("documents");
  if (request.asked_name.empty()) {
    chat::refuse_request("model is required");
  }
  if (request.query.empty()) {
    chat::refuse_request("query is required");
  }
  if (documents == nullptr || documents->empty()) {
    chat::refuse_request("documents are required");
  }
  if (top_n && *top_n < 1) {
    chat::refuse_request("top_n must be at least 1, not " + std::to_string(*top_n));
  }
  request.top_n = static_cast<std::size_t>(top_n.value_or(0));
  embedding::check_text_count(documents->size(), "documents");
  for (std::size_t i = 0; i < documents->size(); ++i) {
    request.documents.push_back(document_text(fields, *documents, i));
  }
  request.model = chat::open_model(library, request.asked_name);
  require_judge(request);
  return request;
}

}  // namespace axllama::api::rerank
