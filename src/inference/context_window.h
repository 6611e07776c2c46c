#pragma once

#include <cstddef>
#include <vector>

#include "inference/generation.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// How many tokens prompt and answer may have: what the request asks for, but never more than the model's
/// context.
std::size_t context_limit_of(const GenerationRequest& request, std::size_t context_length) noexcept;

/// The most tokens an answer may have. With context shift an answer without a limit of its own would never
/// have to end; it gets ten contexts, as in Ollama.
std::size_t longest_answer_of(const GenerationRequest& request, std::size_t context_length) noexcept;

/// Makes room in a full context as Ollama does: the first `keep` tokens stay, of the others the older half
/// goes. Keys are stored with their position, so what stays has to be evaluated anew at its new place.
void shift_context(std::vector<text::TokenId>& tokens, std::size_t keep);

}  // namespace axllama::inference
