#include "inference/answer_constraint.h"

#include <bit>
#include <utility>

namespace axllama::inference {
namespace {

constexpr std::size_t kWordBits = 64;

bool holds(const std::vector<text::TokenId>& tokens, std::size_t token) {
  for (const text::TokenId known : tokens) {
    if (static_cast<std::size_t>(known) == token) {
      return true;
    }
  }
  return false;
}

std::vector<std::uint64_t> all_but(const std::vector<text::TokenId>& tokens, std::size_t vocabulary) {
  std::vector<std::uint64_t> words((vocabulary + kWordBits - 1) / kWordBits, ~std::uint64_t{0});
  for (const text::TokenId token : tokens) {
    const auto index = static_cast<std::size_t>(token);
    if (index < vocabulary) {
      words[index / kWordBits] &= ~(std::uint64_t{1} << (index % kWordBits));
    }
  }
  return words;
}

}  // namespace

AnswerConstraint::AnswerConstraint(std::shared_ptr<const text::Constraint> constraint, std::string after,
                                   std::shared_ptr<const text::Tokenizer> tokenizer)
    : constraint_(std::move(constraint)), after_(std::move(after)), tokenizer_(std::move(tokenizer)) {
  if (constraint_ && after_.empty()) {
    state_ = constraint_->start();
  } else if (constraint_) {
    no_end_ = all_but(tokenizer_->eos(), tokenizer_->vocabulary_size());
  }
}

text::TokenSet AnswerConstraint::allowed() {
  if (state_) {
    return state_->allowed();
  }
  return no_end_;
}

void AnswerConstraint::accept(text::TokenId token) {
  if (state_) {
    state_->accept(token);
    return;
  }
  if (!constraint_) {
    return;
  }
  tail_ += tokenizer_->piece(token);
  if (tail_.find(after_) != std::string::npos) {
    state_ = constraint_->start();
  } else if (tail_.size() >= after_.size()) {
    tail_.erase(0, tail_.size() - after_.size() + 1);
  }
}

bool AnswerConstraint::finished() {
  if (!state_ || !state_->complete()) {
    return false;
  }
  const text::TokenSet allowed = state_->allowed();
  for (std::size_t word = 0; word < allowed.size(); ++word) {
    for (std::uint64_t rest = allowed[word]; rest != 0; rest &= rest - 1) {
      const std::size_t token = word * kWordBits + static_cast<std::size_t>(std::countr_zero(rest));
      if (!holds(tokenizer_->eos(), token)) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace axllama::inference
