#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "api/chat/core.h"
#include "api/chat/open_model.h"
#include "api/embedding/vectors.h"
#include "api/json_body.h"
#include "http/request.h"
#include "http/response_writer.h"
#include "serving/service.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::api::embedding {

/// A text to embed, or its tokens as a client counted them, complete with special ones.
struct Input {
  std::string text;
  std::vector<text::TokenId> tokens;  // not empty: instead of `text`
};

/// A request for the vectors of texts, in no client's dialect.
struct EmbeddingRequest {
  std::string asked_name;  // the model as the client wrote it
  chat::OpenModel model;
  std::vector<Input> inputs;
  bool truncate = true;        // a text beyond the context is cut at its end; else refused
  std::size_t dimensions = 0;  // 0: all
  std::optional<int> num_ctx;  // unset: the model's context
  std::optional<serving::KeepAlive> keep_alive;
};

struct EmbeddingResult {
  std::vector<Vector> vectors;  // by input; normalised
  std::size_t prompt_tokens = 0;
  std::chrono::nanoseconds load_time{0};
};

/// The model that a client wants to embed with. Throws Error as chat::open_model(), but with the text that
/// Ollama's routes for embeddings have: (kNotFound) `model "X" not found, try pulling it first`.
chat::OpenModel open_model(const store::Library& library, const std::string& asked);

/// A string, or an array of strings; null or "": none. Throws Error (kInvalidArgument): `invalid input type`,
/// or that there are too many.
std::vector<Input> parse_texts(const Json* value);
/// Throws Error (kInvalidArgument) when there are more than kMostTexts.
void check_text_count(std::size_t count, const char* field);

/// The whole number in `dimensions`; 0 where it is absent or not above 0.
std::size_t parse_dimensions(const JsonFields& fields);

/// Where `tokens` of the text and the special ones around them are more than `limit`, the text's last are
/// cut. Throws Error (kInvalidArgument) when that is not allowed, or does not help.
std::vector<text::TokenId> fit_tokens(const text::Tokenizer& tokenizer, std::vector<text::TokenId> tokens,
                                      std::size_t limit, bool truncate);

/// What of a text can have a place among `limit` tokens: what lies beyond need not be looked at. Throws Error
/// (kInvalidArgument) when that would cut the text, and it must not be cut.
std::string_view fitting_bytes(std::string_view text, std::size_t limit, bool truncate);

/// Embeds all inputs; without any the model is only loaded. Arguments must outlive the coroutine. Throws what
/// texts, model and scheduler say, as Error.
http::Awaitable<void> embed(chat::Core& core, const EmbeddingRequest& asked, const http::Request& request,
                            EmbeddingResult& result);

}  // namespace axllama::api::embedding
