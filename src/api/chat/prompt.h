#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "api/chat/chat_request.h"
#include "inference/generation.h"

namespace axllama::api::chat {

/// A prompt that fits into the context, with at least one place left for the answer.
struct BuiltPrompt {
  std::string text;  // as rendered; for the debug switch
  std::vector<text::TokenId> tokens;
  bool inside_thinking = false;  // it ends within an open thinking tag
  std::size_t context_limit =
      0;  // tokens of prompt and answer: the smaller of num_ctx and the model's context
  std::size_t shared_tokens = 0;  // the beginning that other conversations will share: system and tools
};

/// Renders and tokenizes a request's prompt.
///
/// What is too long is cut as Ollama does: of a conversation the oldest messages go, but not the system's and
/// the last; what then is still too long loses its middle. Shifting a full context while answering means
/// evaluating half of it again, so a conversation is cut early enough to leave a part of it for the answer.
/// With `truncate` or `shift` off nothing is cut, and a text of megabytes is refused. Throws Error
/// (kInvalidArgument) when the prompt does not fit, or from the template.
BuiltPrompt build_prompt(const ChatRequest& request, std::size_t context_length);

/// Tokens of a request's whole prompt, however long.
std::size_t count_prompt_tokens(const ChatRequest& request);

/// What the engine is to do.
inference::GenerationRequest make_generation(const ChatRequest& request, const BuiltPrompt& prompt);

}  // namespace axllama::api::chat
