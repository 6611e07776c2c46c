#include "inference/context_window.h"

#include <algorithm>

namespace axllama::inference {
namespace {

constexpr std::size_t kMostContextsOfAnswer = 10;

}  // namespace

std::size_t context_limit_of(const GenerationRequest& request, std::size_t context_length) noexcept {
  return request.context_limit == 0 ? context_length : std::min(request.context_limit, context_length);
}

std::size_t longest_answer_of(const GenerationRequest& request, std::size_t context_length) noexcept {
  const std::size_t limit = context_limit_of(request, context_length);
  const std::size_t room =
      request.context_shift ? kMostContextsOfAnswer * limit : limit - std::min(limit, request.prompt.size());
  return request.max_tokens < 0 ? room : std::min(room, static_cast<std::size_t>(request.max_tokens));
}

void shift_context(std::vector<text::TokenId>& tokens, std::size_t keep) {
  keep = std::min(keep, tokens.size() - 1);
  const std::size_t dropped = std::max<std::size_t>((tokens.size() - keep) / 2, 1);
  const auto first = tokens.begin() + static_cast<std::ptrdiff_t>(keep);
  tokens.erase(first, first + static_cast<std::ptrdiff_t>(dropped));
}

}  // namespace axllama::inference
