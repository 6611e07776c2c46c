#include "api/rerank/judge_prompt.h"

#include <algorithm>
#include <cmath>

#include "api/chat/chat_request.h"
#include "api/embedding/embed.h"

namespace axllama::api::rerank {
namespace {

constexpr const char* kPrefix =
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the "
    "Instruct "
    "provided. Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n<|im_start|>user\n";
constexpr const char* kSuffix = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n";
constexpr const char* kWebSearch =
    "Given a web search query, retrieve relevant passages that answer the query";

}  // namespace

double probability_of_yes(float yes_logit, float no_logit) noexcept {
  return 1 / (1 + std::exp(static_cast<double>(no_logit) - static_cast<double>(yes_logit)));
}

JudgePrompts::JudgePrompts(const text::Tokenizer& tokenizer, const std::string& instruction,
                           const std::string& query, std::size_t limit)
    : tokenizer_(tokenizer),
      question_("<Instruct>: " + (instruction.empty() ? kWebSearch : instruction) + "\n<Query>: " + query +
                "\n<Document>:"),
      prefix_(tokenizer.encode(kPrefix)),
      suffix_(tokenizer.encode(kSuffix)) {
  // What users write is text, whatever it looks like.
  const std::size_t question =
      tokenizer.encode(embedding::fitting_bytes(question_, limit, true), false).size();
  const std::size_t needed = prefix_.size() + question + suffix_.size();
  if (needed >= limit) {
    chat::refuse_request("the query is too long: with its instruction it takes " + std::to_string(needed) +
                         " tokens of a context of " + std::to_string(limit) +
                         ", which leaves none for a document");
  }
  room_ = limit - prefix_.size() - suffix_.size();
  shared_ = prefix_.size() + question;
}

std::vector<text::TokenId> JudgePrompts::prompt(const std::string& document) const {
  const std::string text = question_ + " " + document;
  std::vector<text::TokenId> middle = tokenizer_.encode(embedding::fitting_bytes(text, room_, true), false);
  middle.resize(std::min(middle.size(), room_));
  std::vector<text::TokenId> tokens = prefix_;
  tokens.insert(tokens.end(), middle.begin(), middle.end());
  tokens.insert(tokens.end(), suffix_.begin(), suffix_.end());
  return tokens;
}

}  // namespace axllama::api::rerank
