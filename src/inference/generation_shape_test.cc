// What shapes an answer: constraints, log probabilities, the repetition guard.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "inference/generation_loop.h"
#include "inference/testing/simulated_answer.h"
#include "tests/support/random_package.h"

namespace axllama::inference {
namespace {

using testing::kRandomEnd;
using text::TokenId;

constexpr std::size_t kVocabulary = 300;
constexpr std::size_t kContext = 2000;

/// Answers of the byte tokenizer that are one of the given texts.
class ChoiceOf final : public text::Constraint {
 public:
  explicit ChoiceOf(std::vector<std::string> choices) : choices_(std::move(choices)) {}
  std::unique_ptr<text::ConstraintState> start() const override { return std::make_unique<State>(*this); }

 private:
  class State final : public text::ConstraintState {
   public:
    explicit State(const ChoiceOf& owner) : owner_(owner) {}
    text::TokenSet allowed() override {
      words_.assign((kRandomEnd + 64) / 64, 0);
      for (const std::string& choice : owner_.choices_) {
        if (choice == so_far_) {
          add(kRandomEnd);
        } else if (choice.starts_with(so_far_)) {
          add(static_cast<unsigned char>(choice[so_far_.size()]));
        }
      }
      return words_;
    }
    void accept(TokenId token) override { so_far_ += static_cast<char>(token); }
    bool complete() const override {
      return std::find(owner_.choices_.begin(), owner_.choices_.end(), so_far_) != owner_.choices_.end();
    }
    std::unique_ptr<text::ConstraintState> clone() const override { return std::make_unique<State>(*this); }

   private:
    void add(std::size_t token) { words_[token / 64] |= std::uint64_t{1} << (token % 64); }

    const ChoiceOf& owner_;
    std::string so_far_;
    std::vector<std::uint64_t> words_;
  };

  std::vector<std::string> choices_;
};

/// A model that writes `text` and then ends, with a second choice that is one letter further on.
SimulatedModel writer_of(const std::string& text, std::size_t prompt_tokens) {
  return SimulatedModel([text, prompt_tokens](std::span<const TokenId> sequence) {
    std::vector<float> row(kVocabulary, -5.0F);
    const std::size_t place = sequence.size() - prompt_tokens;
    const TokenId next = place < text.size() ? static_cast<unsigned char>(text[place]) : kRandomEnd;
    row[static_cast<std::size_t>(next)] = 6.0F;
    row[static_cast<std::size_t>(next) + 1] = 4.0F;
    return row;
  });
}

GenerationRequest greedy() {
  GenerationRequest request;
  request.prompt = bytes_of("ask");
  request.sampling.temperature = 0;
  return request;
}

SimulatedAnswer run(const std::string& text, const GenerationRequest& request) {
  SimulatedModel model = writer_of(text, request.prompt.size());
  return answer_of(model, request, kContext);
}

TEST(GenerationShape, AConstraintBindsFromTheFirstToken) {
  GenerationRequest request = greedy();
  request.constraint = std::make_shared<ChoiceOf>(std::vector<std::string>{"yes", "no", "not at all"});
  EXPECT_EQ(run("yellow", request).text, "yes");
  EXPECT_EQ(run("no", request).text, "no");
  EXPECT_EQ(run("not", request).text, "not at all");
  EXPECT_EQ(run("", request).last.reason, FinishReason::kStop);
}

TEST(GenerationShape, NoStepIsSpentOnAnEndThatIsTheOnlyWayOn) {
  GenerationRequest request = greedy();
  request.constraint = std::make_shared<ChoiceOf>(std::vector<std::string>{"yes"});
  SimulatedModel model = writer_of("what?", request.prompt.size());
  const SimulatedAnswer answer = answer_of(model, request, kContext);
  EXPECT_EQ(answer.text, "yes");
  EXPECT_EQ(answer.tokens, bytes_of("yes"));
  EXPECT_EQ(model.evaluated(), bytes_of("askye"));
}

TEST(GenerationShape, AConstraintCanBeginAfterAText) {
  GenerationRequest request = greedy();
  request.constraint = std::make_shared<ChoiceOf>(std::vector<std::string>{"yes", "no"});
  request.constraint_after = "</t>";
  EXPECT_EQ(run("hm, </t></t>", request).text, "hm, </t>no");  // '<' is nearer to nothing: the lowest id
  request.max_tokens = 12;
  const SimulatedAnswer unfinished =
      run("hm", request);  // wants to end before the constrained part has begun
  EXPECT_EQ(unfinished.last.reason, FinishReason::kLength);
  EXPECT_EQ(std::count(unfinished.tokens.begin(), unfinished.tokens.end(), kRandomEnd), 0);
}

TEST(GenerationShape, SampledAnswersSatisfyTheConstraintAtAnyTemperature) {
  const std::vector<std::string> choices = {"yes", "no", "not at all"};
  GenerationRequest request = greedy();
  request.constraint = std::make_shared<ChoiceOf>(choices);
  request.sampling.temperature = 5;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    request.sampling.seed = seed;
    const std::string text = run("maybe", request).text;
    EXPECT_NE(std::find(choices.begin(), choices.end(), text), choices.end()) << text;
  }
}

TEST(GenerationShape, LogProbabilitiesComeWithEveryTokenButTheEnd) {
  GenerationRequest request = greedy();
  EXPECT_TRUE(run("ab", request).logprobs.empty());
  request.top_logprobs = 2;
  const SimulatedAnswer answer = run("ab", request);
  ASSERT_EQ(answer.tokens.back(), kRandomEnd);
  ASSERT_EQ(answer.logprobs.size(), answer.tokens.size() - 1);
  EXPECT_EQ(answer.logprobs[0].bytes, "a");
  EXPECT_EQ(answer.logprobs[1].bytes, "b");
  EXPECT_EQ(answer.logprobs[1].alternatives[0].token, 'b');
  EXPECT_EQ(answer.logprobs[1].alternatives[1].token, 'c');
  EXPECT_NEAR(answer.logprobs[1].alternatives[0].logprob - answer.logprobs[1].alternatives[1].logprob, 2.0,
              1e-9);
  request.constraint = std::make_shared<ChoiceOf>(std::vector<std::string>{"c"});
  EXPECT_LT(run("ab", request).logprobs[0].logprob, -10.0);  // of the distribution without the constraint
}

TEST(GenerationShape, TheGuardEndsAnAnswerThatIsCaughtInALoop) {
  std::string loop;
  while (loop.size() < 1500) {
    loop += "over and ";
  }
  GenerationRequest request = greedy();
  const SimulatedAnswer guarded = run(loop, request);
  EXPECT_EQ(guarded.last.reason, FinishReason::kLength);
  EXPECT_EQ(guarded.tokens.size(), RepetitionGuard::kFewestTokens);
  request.sampling.repetition_guard = false;
  EXPECT_EQ(run(loop, request).text, loop);
  request.sampling.repetition_guard = true;
  request.ignore_end_of_sequence = true;
  request.max_tokens = 1000;
  EXPECT_EQ(run(loop, request).tokens.size(), 1000U);
}

}  // namespace
}  // namespace axllama::inference
