#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "text/tokenizer/tokenizer.h"

namespace axllama::api::rerank {

/// The prompts that Qwen3-Reranker was trained on: after them the model says "yes" or "no". Built once for a
/// query and its documents.
class JudgePrompts {
 public:
  /// `limit`: tokens of a prompt at most. `instruction` empty: that of web search. Throws Error
  /// (kInvalidArgument) when the query leaves no room for a document.
  JudgePrompts(const text::Tokenizer& tokenizer, const std::string& instruction, const std::string& query,
               std::size_t limit);

  /// The end of a document that does not fit is cut.
  std::vector<text::TokenId> prompt(const std::string& document) const;
  /// First tokens that all prompts have in common, roughly.
  std::size_t shared_tokens() const noexcept { return shared_; }

 private:
  const text::Tokenizer& tokenizer_;
  std::string question_;  // up to the document
  std::vector<text::TokenId> prefix_;
  std::vector<text::TokenId> suffix_;
  std::size_t room_ = 0;  // between those
  std::size_t shared_ = 0;
};

/// The probability of "yes" where only "yes" and "no" can be said.
double probability_of_yes(float yes_logit, float no_logit) noexcept;

}  // namespace axllama::api::rerank
