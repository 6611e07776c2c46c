#include "inference/answer_text.h"

#include <utility>

namespace axllama::inference {

AnswerText::AnswerText(std::shared_ptr<const text::Tokenizer> tokenizer,
                       const std::vector<std::string>& stops, bool show_special)
    : detokenizer_(std::move(tokenizer), !show_special), stops_(stops) {}

std::string AnswerText::push(text::TokenId token) {
  return stops_.push(detokenizer_.push(token));
}

std::string AnswerText::finish() {
  std::string rest = stops_.push(detokenizer_.flush());
  rest += stops_.flush();
  return rest;
}

}  // namespace axllama::inference
