#include "inference/testing/simulated_model.h"

#include <algorithm>
#include <iterator>

#include "inference/testing/test_card.h"

namespace axllama::inference {

bool SimulatedModel::prefill(std::span<const text::TokenId> prompt) {
  sequence_->assign(prompt.begin(), prompt.end());
  return true;
}

void SimulatedModel::decode(text::TokenId token) {
  sequence_->push_back(token);
}

std::span<const base::Bf16> SimulatedModel::logits() {
  row_.clear();
  const std::vector<float> row = logits_(*sequence_);
  std::transform(row.begin(), row.end(), std::back_inserter(row_), base::f32_to_bf16);
  return row_;
}

std::shared_ptr<const text::Tokenizer> byte_tokenizer() {
  static const auto tokenizer = [] {
    const TemporaryFolder folder;
    testing::random_package_internal::write_text(folder.path() / "tokenizer.json",
                                                 testing::random_package_internal::tokenizer_json());
    testing::random_package_internal::write_text(folder.path() / "tokenizer_config.json",
                                                 R"({"eos_token":"<|im_end|>"})");
    return text::Tokenizer::load(folder.path());
  }();
  return tokenizer;
}

std::vector<text::TokenId> bytes_of(std::string_view text) {
  std::vector<text::TokenId> tokens;
  for (const char c : text) {
    tokens.push_back(static_cast<unsigned char>(c));
  }
  return tokens;
}

}  // namespace axllama::inference
