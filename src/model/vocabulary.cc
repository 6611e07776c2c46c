#include "model/vocabulary.h"

#include <string>

#include "base/error.h"

namespace axllama::model {
namespace {

std::string name_of(const Package& package) {
  return package.files().folder.filename().string();
}

std::string in_quotes(const Package& package, text::TokenId token) {
  const text::Tokenizer& tokenizer = package.tokenizer();
  return "\"" + std::string(tokenizer.token(token)) + "\"" +
         (tokenizer.is_special(token) ? " (special)" : "");
}

[[noreturn]] void refuse(const Package& model, const Package& draft, const std::string& difference) {
  throw base::Error(base::ErrorCode::kInvalidArgument, name_of(draft) + " cannot guess tokens for " +
                                                           name_of(model) + ": their vocabularies differ. " +
                                                           difference);
}

}  // namespace

void require_same_vocabulary(const Package& model, const Package& draft) {
  const text::Tokenizer& one = model.tokenizer();
  const text::Tokenizer& other = draft.tokenizer();
  if (one.vocabulary_size() != other.vocabulary_size()) {
    refuse(model, draft,
           name_of(draft) + " has " + std::to_string(other.vocabulary_size()) + " tokens, " + name_of(model) +
               " has " + std::to_string(one.vocabulary_size()) + ".");
  }
  const auto size = static_cast<text::TokenId>(one.vocabulary_size());
  for (text::TokenId token = 0; token < size; ++token) {
    if (one.piece(token) != other.piece(token) || one.is_special(token) != other.is_special(token)) {
      refuse(model, draft,
             "Token " + std::to_string(token) + " is " + in_quotes(draft, token) + " in " + name_of(draft) +
                 " and " + in_quotes(model, token) + " in " + name_of(model) + ".");
    }
  }
}

}  // namespace axllama::model
