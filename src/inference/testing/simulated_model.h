#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bfloat16.h"
#include "inference/sequence_runner.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// A model without a card: the row of logits is a function of the tokens so far. Must outlive its sequences.
class SimulatedModel {
 public:
  using Logits = std::function<std::vector<float>(std::span<const text::TokenId> sequence)>;

  explicit SimulatedModel(Logits logits) : logits_(std::move(logits)) {}

  /// From now on guesses can be evaluated, up to `rows` tokens at once. Costs are told as given, measured
  /// times are those of the simulation.
  void allow_guesses(std::size_t rows, const SpeculationCosts& costs);

  /// The token that a draft model guesses behind a sequence.
  using DraftToken = std::function<text::TokenId(std::span<const text::TokenId> sequence)>;
  /// From now on a draft model guesses, too, in sequences of up to `context` tokens, of which it reads 64 at
  /// a time.
  void allow_drafts(DraftToken draft, const DraftCosts& costs, std::size_t context);

  std::unique_ptr<SequenceRunner> sequence();

  /// What the sequence made last has evaluated, without guesses that did not come true.
  const std::vector<text::TokenId>& evaluated() const noexcept { return evaluated_; }
  std::size_t decodes() const noexcept { return decodes_; }
  std::size_t chunks() const noexcept { return chunks_; }
  std::size_t heads() const noexcept { return heads_; }
  std::size_t drafted() const noexcept { return drafted_; }

 private:
  class Sequence;
  class Drafts;

  Logits logits_;
  std::vector<text::TokenId> evaluated_;
  std::size_t rows_ = 0;  // of a chunk; 0: no guesses
  SpeculationCosts costs_;
  Speculation policy_;
  std::size_t decodes_ = 0;
  std::size_t chunks_ = 0;
  std::size_t heads_ = 0;
  DraftToken draft_;  // empty: no draft model
  DraftCosts draft_costs_;
  std::size_t draft_context_ = 0;
  DraftPolicy draft_policy_;
  std::size_t drafted_ = 0;  // tokens
};

/// The tokenizer of random packages: a token per byte, and a few special ones (see random_package.h).
std::shared_ptr<const text::Tokenizer> byte_tokenizer();

/// The tokens of a text of single bytes.
std::vector<text::TokenId> bytes_of(std::string_view text);

}  // namespace axllama::inference
