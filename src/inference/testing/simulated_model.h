#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/bfloat16.h"
#include "inference/sequence_runner.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// A model without a card: the row of logits is a function of the tokens so far. Copies share their sequence.
class SimulatedModel final : public SequenceRunner {
 public:
  using Logits = std::function<std::vector<float>(std::span<const text::TokenId> sequence)>;

  explicit SimulatedModel(Logits logits) : logits_(std::move(logits)) {}

  bool prefill(std::span<const text::TokenId> prompt) override;
  std::size_t reused() const noexcept override { return 0; }
  void decode(text::TokenId token) override;
  std::span<const base::Bf16> logits() override;
  void forget() noexcept override { sequence_->clear(); }

  const std::vector<text::TokenId>& sequence() const noexcept { return *sequence_; }

 private:
  Logits logits_;
  std::shared_ptr<std::vector<text::TokenId>> sequence_ = std::make_shared<std::vector<text::TokenId>>();
  std::vector<base::Bf16> row_;
};

/// The tokenizer of random packages: a token per byte, and a few special ones (see random_package.h).
std::shared_ptr<const text::Tokenizer> byte_tokenizer();

/// The tokens of a text of single bytes.
std::vector<text::TokenId> bytes_of(std::string_view text);

}  // namespace axllama::inference
