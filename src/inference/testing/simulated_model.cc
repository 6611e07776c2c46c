#include "inference/testing/simulated_model.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "inference/testing/test_card.h"

namespace axllama::inference {

class SimulatedModel::Drafts final : public DraftRunner {
 public:
  explicit Drafts(SimulatedModel& model) : model_(model) {}

  std::size_t longest(std::span<const text::TokenId> tokens) const override {
    return tokens.size() > model_.draft_context_ ? 0 : model_.draft_context_ - tokens.size() + 1;
  }
  DraftCosts costs(std::span<const text::TokenId> /*tokens*/, double /*decode*/) const override {
    return model_.draft_costs_;
  }
  DraftCall advance(std::span<const text::TokenId> tokens, std::size_t count) override {
    if (guessed_.size() >= count) {
      return {};
    }
    std::size_t read = 1;
    if (guessed_.empty()) {
      const auto differs = std::mismatch(read_.begin(), read_.end(), tokens.begin(), tokens.end()).first;
      read_.erase(differs, read_.end());
      read = std::min<std::size_t>(tokens.size() - read_.size(), 64);
      const auto unread = tokens.subspan(read_.size(), read);
      read_.insert(read_.end(), unread.begin(), unread.end());
    } else {
      read_.push_back(guessed_.back());
    }
    const bool there = read_.size() >= tokens.size();
    if (there) {
      guessed_.push_back(model_.draft_(read_));
    }
    return {.tokens = std::max<std::size_t>(read, 1), .reading = !there};
  }
  std::vector<text::TokenId> take() override {
    model_.drafted_ += guessed_.size();
    return std::exchange(guessed_, {});
  }
  void forget() noexcept override {
    read_.clear();
    guessed_.clear();
  }
  DraftPolicy& policy() noexcept override { return model_.draft_policy_; }

 private:
  SimulatedModel& model_;
  std::vector<text::TokenId> read_;
  std::vector<text::TokenId> guessed_;
};

class SimulatedModel::Sequence final : public SequenceRunner, private GuessEvaluator {
 public:
  explicit Sequence(SimulatedModel& model) : model_(model) { model_.evaluated_.clear(); }

  bool prefill(std::span<const text::TokenId> tokens) override {
    model_.evaluated_.assign(tokens.begin(), tokens.end());
    return true;
  }
  std::size_t reused() const noexcept override { return 0; }
  void decode(text::TokenId token) override {
    ++model_.decodes_;
    model_.evaluated_.push_back(token);
  }
  inference::Logits logits() override { return {logits_after(model_.evaluated_), {}}; }
  void forget() noexcept override { model_.evaluated_.clear(); }
  GuessEvaluator* guesses() noexcept override { return model_.rows_ == 0 ? nullptr : this; }

 private:
  std::size_t longest() const override { return model_.rows_; }
  void evaluate(std::span<const text::TokenId> tokens) override {
    ++model_.chunks_;
    guess_.assign(tokens.begin(), tokens.end());
  }
  inference::Logits logits(std::size_t row, LogitsWanted /*wanted*/) override {
    std::vector<text::TokenId> tokens = model_.evaluated_;
    tokens.insert(tokens.end(), guess_.begin(), guess_.begin() + static_cast<std::ptrdiff_t>(row + 1));
    return {logits_after(tokens), {}};
  }
  void keep(std::size_t count) override {
    model_.evaluated_.insert(model_.evaluated_.end(), guess_.begin(),
                             guess_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  SpeculationCosts costs() const override { return model_.costs_; }
  Speculation& policy() noexcept override { return model_.policy_; }
  DraftRunner* draft() noexcept override { return model_.draft_ ? &drafts_ : nullptr; }

  std::span<const base::Bf16> logits_after(const std::vector<text::TokenId>& tokens) {
    ++model_.heads_;
    const std::vector<float> row = model_.logits_(tokens);
    row_.clear();
    std::transform(row.begin(), row.end(), std::back_inserter(row_), base::f32_to_bf16);
    return row_;
  }

  SimulatedModel& model_;
  Drafts drafts_{model_};
  std::vector<text::TokenId> guess_;
  std::vector<base::Bf16> row_;
};

void SimulatedModel::allow_guesses(std::size_t rows, const SpeculationCosts& costs) {
  rows_ = rows;
  costs_ = costs;
}

void SimulatedModel::allow_drafts(DraftToken draft, const DraftCosts& costs, std::size_t context) {
  draft_ = std::move(draft);
  draft_costs_ = costs;
  draft_context_ = context;
}

std::unique_ptr<SequenceRunner> SimulatedModel::sequence() {
  return std::make_unique<Sequence>(*this);
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
