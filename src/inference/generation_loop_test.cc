#include "inference/generation_loop.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "inference/testing/simulated_model.h"
#include "tests/support/random_package.h"

namespace axllama::inference {
namespace {

using base::Error;
using base::ErrorCode;
using testing::kRandomEnd;
using testing::kRandomStart;
using testing::kRandomThink;
using text::TokenId;

constexpr std::size_t kVocabulary = 300;
constexpr std::size_t kContext = 50;

/// Answers with given tokens, three prompt tokens at a time, and remembers what it was asked.
class ScriptedRunner {
 public:
  explicit ScriptedRunner(std::vector<TokenId> script) : script_(std::move(script)) {}

  /// A sequence with nothing but `cached` tokens evaluated.
  std::unique_ptr<SequenceRunner> sequence() {
    evaluated = cached;
    return std::make_unique<Sequence>(*this);
  }
  bool prefill(std::span<const TokenId> prompt) {
    if (prompt.size() < evaluated) {
      evaluated = 0;  // a shift
    }
    prefilled.assign(prompt.begin(), prompt.end());
    evaluated = std::min(evaluated + 3, prompt.size());
    ++prefills;
    return evaluated == prompt.size();
  }
  void decode(TokenId token) {
    if (decoded.size() == fail_at) {
      throw Error(ErrorCode::kDevice, "The card failed.");
    }
    decoded.push_back(token);
    ++evaluated;
  }
  std::span<const base::Bf16> logits() {
    row_.assign(kVocabulary, base::f32_to_bf16(-1.0F));
    row_[static_cast<std::size_t>(script_.at(next_++))] = base::f32_to_bf16(5.0F);
    return row_;
  }

  std::size_t cached = 0;
  std::size_t evaluated = 0;
  std::size_t prefills = 0;
  std::size_t fail_at = 1000000;
  std::vector<TokenId> decoded;
  std::vector<TokenId> prefilled;
  std::size_t sequences = 0;  // alive
  bool forgotten = false;

 private:
  class Sequence final : public SequenceRunner {
   public:
    explicit Sequence(ScriptedRunner& runner) : runner_(runner) { ++runner_.sequences; }
    ~Sequence() override { --runner_.sequences; }
    bool prefill(std::span<const TokenId> prompt) override { return runner_.prefill(prompt); }
    std::size_t reused() const noexcept override { return runner_.cached; }
    void decode(TokenId token) override { runner_.decode(token); }
    Logits logits() override { return {runner_.logits(), {}}; }
    void forget() noexcept override { runner_.forgotten = true; }

   private:
    ScriptedRunner& runner_;
  };

  std::vector<TokenId> script_;
  std::size_t next_ = 0;
  std::vector<base::Bf16> row_;
};

std::vector<TokenId> operator+(std::vector<TokenId> tokens, TokenId token) {
  tokens.push_back(token);
  return tokens;
}

struct Answer {
  std::string text;
  std::vector<std::string> pieces;
  std::vector<TokenId> tokens;
  TokenEvent last;
};

GenerationRequest greedy(std::size_t prompt_tokens = 4) {
  GenerationRequest request;
  request.prompt.assign(prompt_tokens, 'x');
  request.sampling.temperature = 0;
  return request;
}

Answer run(ScriptedRunner& runner, const GenerationRequest& request) {
  GenerationLoop loop(runner.sequence(), request, byte_tokenizer(), kContext);
  Answer answer;
  while (!answer.last.done) {
    answer.last = loop.step();
    answer.text += answer.last.text;
    answer.pieces.push_back(answer.last.text);
    answer.tokens.insert(answer.tokens.end(), answer.last.tokens.begin(), answer.last.tokens.end());
  }
  return answer;
}

Answer run(std::vector<TokenId> script, const GenerationRequest& request) {
  ScriptedRunner runner(std::move(script));
  return run(runner, request);
}

TEST(GenerationLoop, EndsAtTheEndOfSequenceTokenAndHidesIt) {
  ScriptedRunner runner(bytes_of("Hello") + kRandomEnd);
  const Answer answer = run(runner, greedy(7));
  EXPECT_EQ(answer.text, "Hello");
  EXPECT_EQ(answer.last.reason, FinishReason::kStop);
  EXPECT_EQ(answer.tokens, bytes_of("Hello") + kRandomEnd);
  EXPECT_EQ(answer.last.stats.prompt_tokens, 7U);
  EXPECT_EQ(answer.last.stats.generated_tokens, 6U);
  EXPECT_GT(answer.last.stats.prompt_time.count(), 0);
  EXPECT_GT(answer.last.stats.generation_time.count(), 0);
  EXPECT_EQ(runner.prefills, 3U);
  EXPECT_EQ(runner.decoded, bytes_of("Hello"));  // the last token is not evaluated
  EXPECT_FALSE(runner.forgotten);
}

TEST(GenerationLoop, PrefillStepsBringNoTokens) {
  ScriptedRunner runner(bytes_of("A") + kRandomEnd);
  GenerationLoop loop(runner.sequence(), greedy(7), byte_tokenizer(), kContext);
  EXPECT_TRUE(loop.step().tokens.empty());
  EXPECT_TRUE(loop.step().tokens.empty());
  EXPECT_EQ(loop.step().tokens, bytes_of("A"));  // the last chunk brings the first token
}

TEST(GenerationLoop, ReportsCachedPromptTokens) {
  ScriptedRunner runner({kRandomEnd});
  runner.cached = 5;
  EXPECT_EQ(run(runner, greedy(7)).last.stats.cached_prompt_tokens, 5U);
  EXPECT_EQ(runner.prefills, 1U);
}

TEST(GenerationLoop, CountsMaxTokens) {
  GenerationRequest request = greedy();
  request.max_tokens = 3;
  Answer answer = run(bytes_of("Hello"), request);
  EXPECT_EQ(answer.text, "Hel");
  EXPECT_EQ(answer.last.reason, FinishReason::kLength);
  request.max_tokens = 0;
  ScriptedRunner runner({});
  answer = run(runner, request);
  EXPECT_EQ(answer.text, "");
  EXPECT_EQ(answer.last.reason, FinishReason::kLength);
  EXPECT_EQ(answer.last.stats.generated_tokens, 0U);
  EXPECT_EQ(runner.evaluated, 4U);
}

TEST(GenerationLoop, AnEndOfSequenceAtTheLimitIsAStop) {
  GenerationRequest request = greedy();
  request.max_tokens = 3;
  EXPECT_EQ(run(bytes_of("Hi") + kRandomEnd, request).last.reason, FinishReason::kStop);
}

TEST(GenerationLoop, EndsWhenTheContextIsFull) {
  const Answer answer = run(std::vector<TokenId>(100, 'a'), greedy(kContext - 5));
  EXPECT_EQ(answer.text, "aaaaa");
  EXPECT_EQ(answer.last.reason, FinishReason::kLength);
}

TEST(GenerationLoop, HoldsBackIncompleteCharacters) {
  const Answer answer = run(bytes_of("a\xC3\xA9\xF0\x9F\x98\x80") + kRandomEnd, greedy());
  EXPECT_EQ(answer.text, "a\xC3\xA9\xF0\x9F\x98\x80");
  for (const std::string& piece : answer.pieces) {
    EXPECT_TRUE(piece.empty() || piece == "a" || piece == "\xC3\xA9" || piece == "\xF0\x9F\x98\x80");
  }
  GenerationRequest cut = greedy();
  cut.max_tokens = 2;
  EXPECT_EQ(run(bytes_of("a\xC3\xA9"), cut).text, "a\xEF\xBF\xBD");
}

TEST(GenerationLoop, StopsBeforeAStopStringThatSpansTokens) {
  GenerationRequest request = greedy();
  request.stop = {"END", "never"};
  Answer answer = run(bytes_of("onEtwo ENDmore"), request);
  EXPECT_EQ(answer.text, "onEtwo ");
  EXPECT_EQ(answer.last.reason, FinishReason::kStop);
  EXPECT_EQ(answer.last.stop_string, "END");
  EXPECT_EQ(answer.tokens, bytes_of("onEtwo END"));
  answer = run(bytes_of("the EN") + kRandomEnd, request);
  EXPECT_EQ(answer.text, "the EN");  // held back, then shown
  EXPECT_EQ(answer.last.stop_string, "");
  request.max_tokens = 6;
  answer = run(bytes_of("the ENx"), request);
  EXPECT_EQ(answer.text, "the EN");
  EXPECT_EQ(answer.last.reason, FinishReason::kLength);
}

TEST(GenerationLoop, ShowsSpecialTokensOnlyOnDemand) {
  const std::vector<TokenId> script = {kRandomThink, 'a', kRandomStart, 'b', kRandomEnd};
  EXPECT_EQ(run(script, greedy()).text, "<think>ab");
  GenerationRequest request = greedy();
  request.emit_special_tokens = true;
  EXPECT_EQ(run(script, request).text, "<think>a<|im_start|>b");
}

TEST(GenerationLoop, GoesOnBehindTheEndOfSequenceWhenAsked) {
  GenerationRequest request = greedy();
  request.ignore_end_of_sequence = true;
  request.max_tokens = 3;
  const Answer answer = run({'a', kRandomEnd, 'b', 'c'}, request);
  EXPECT_EQ(answer.text, "ab");
  EXPECT_EQ(answer.last.reason, FinishReason::kLength);
}

TEST(GenerationLoop, PenaltiesSeeThePrompt) {
  GenerationRequest request = greedy();
  request.sampling.presence_penalty = 10;
  request.prompt = {'a', 'b'};
  request.max_tokens = 1;
  const Answer answer = run(bytes_of("a"), request);
  EXPECT_NE(answer.tokens, bytes_of("a"));
}

TEST(GenerationLoop, CancelEndsItWithTheStatsSoFar) {
  ScriptedRunner runner(bytes_of("Hello"));
  GenerationLoop loop(runner.sequence(), greedy(3), byte_tokenizer(), kContext);
  loop.step();
  loop.step();
  EXPECT_EQ(runner.sequences, 1U);
  const TokenEvent event = loop.cancel();
  EXPECT_TRUE(event.done);
  EXPECT_EQ(event.reason, FinishReason::kCancelled);
  EXPECT_EQ(event.stats.generated_tokens, 2U);
  EXPECT_EQ(runner.sequences, 0U);  // the slot is free at once
  EXPECT_FALSE(runner.forgotten);
  EXPECT_THROW(loop.step(), Error);
  EXPECT_THROW(loop.cancel(), Error);
}

TEST(GenerationLoop, ItsEndFreesTheSequence) {
  ScriptedRunner runner(bytes_of("A") + kRandomEnd);
  GenerationLoop loop(runner.sequence(), greedy(3), byte_tokenizer(), kContext);
  EXPECT_FALSE(loop.step().done);
  EXPECT_EQ(runner.sequences, 1U);
  EXPECT_TRUE(loop.step().done);
  EXPECT_EQ(runner.sequences, 0U);
}

TEST(GenerationLoop, ACardErrorSuspendsItAndForgetsTheCache) {
  ScriptedRunner runner(bytes_of("Hello") + kRandomEnd);
  runner.fail_at = 2;
  GenerationLoop loop(runner.sequence(), greedy(3), byte_tokenizer(), kContext);
  std::string text;
  for (int i = 0; i < 3; ++i) {
    text += loop.step().text;
  }
  EXPECT_THROW(loop.step(), Error);
  EXPECT_TRUE(runner.forgotten);
  EXPECT_EQ(runner.sequences, 0U);
  EXPECT_THROW(loop.step(), Error);

  // Elsewhere it computes its prompt and what it said, and says the rest.
  runner.fail_at = 1000000;
  loop.resume(runner.sequence());
  TokenEvent event;
  while (!event.done) {
    event = loop.step();
    text += event.text;
  }
  EXPECT_EQ(text, "Hello");
  EXPECT_EQ(runner.prefilled, bytes_of("xxxHel"));
  EXPECT_EQ(event.stats.prompt_tokens, 3U);
  EXPECT_EQ(event.stats.generated_tokens, 6U);
  EXPECT_THROW(loop.resume(runner.sequence()), Error);
}

TEST(GenerationLoop, ASuspendedOneCanBeCancelled) {
  ScriptedRunner runner(bytes_of("Hello"));
  GenerationLoop loop(runner.sequence(), greedy(3), byte_tokenizer(), kContext);
  loop.step();
  loop.suspend();
  EXPECT_EQ(runner.sequences, 0U);
  EXPECT_EQ(loop.cancel().stats.generated_tokens, 1U);
}

TEST(GenerationLoop, ShiftsTheContextWhenItIsFull) {
  GenerationRequest request = greedy(0);
  request.prompt = bytes_of("0123");
  request.context_limit = 10;
  request.context_shift = true;
  request.keep_tokens = 2;
  request.max_tokens = 12;
  ScriptedRunner runner(bytes_of("abcdefghijkl"));
  const Answer answer = run(runner, request);
  EXPECT_EQ(answer.text, "abcdefghijkl");
  EXPECT_EQ(answer.last.reason, FinishReason::kLength);
  EXPECT_EQ(answer.last.stats.prompt_tokens, 4U);
  // "0123abcdefg" is one too many: of the nine behind "01" the older four go, and again of "01cdefghijk".
  EXPECT_EQ(runner.prefilled, bytes_of("01ghijk"));
  EXPECT_EQ(runner.decoded, bytes_of("abcdefhij"));  // g and k are evaluated with the rest
}

TEST(GenerationLoop, WithoutShiftTheLimitEndsIt) {
  GenerationRequest request = greedy(4);
  request.context_limit = 10;
  const Answer answer = run(std::vector<TokenId>(100, 'a'), request);
  EXPECT_EQ(answer.text, "aaaaaa");
  EXPECT_EQ(answer.last.reason, FinishReason::kLength);
}

TEST(GenerationLoop, ADeadlineEndsItWithinACall) {
  GenerationRequest request = greedy(3);
  request.deadline = std::chrono::steady_clock::now();
  ScriptedRunner runner(bytes_of("Hello"));
  Answer answer = run(runner, request);
  EXPECT_EQ(answer.last.reason, FinishReason::kLength);
  EXPECT_EQ(answer.tokens.size(), 0U);
  EXPECT_EQ(runner.prefills, 0U);
  request.deadline = std::chrono::steady_clock::now() + std::chrono::hours(1);
  answer = run(bytes_of("Hello") + kRandomEnd, request);
  EXPECT_EQ(answer.text, "Hello");
}

TEST(CheckRequest, NamesWhatIsWrong) {
  const auto message = [](const std::vector<TokenId>& prompt) -> std::string {
    GenerationRequest request;
    request.prompt = prompt;
    try {
      check_request(request, kVocabulary, kContext);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      return error.message();
    }
    return "";
  };
  EXPECT_EQ(message(std::vector<TokenId>(kContext - 1, 1)), "");
  EXPECT_EQ(message({}), "The prompt has no tokens.");
  EXPECT_NE(message({1, 300}).find("Token 300 at place 1"), std::string::npos);
  EXPECT_NE(message({-1}).find("Token -1"), std::string::npos);
  const std::string too_long = message(std::vector<TokenId>(77, 1));
  for (const char* part : {"context", "longer", "77", "50"}) {
    EXPECT_NE(too_long.find(part), std::string::npos) << too_long;
  }
  EXPECT_NE(message(std::vector<TokenId>(kContext, 1)), "");
}

TEST(FinishReasonName, IsWhatClientsKnow) {
  EXPECT_STREQ(finish_reason_name(FinishReason::kStop), "stop");
  EXPECT_STREQ(finish_reason_name(FinishReason::kLength), "length");
  EXPECT_STREQ(finish_reason_name(FinishReason::kCancelled), "cancelled");
}

}  // namespace
}  // namespace axllama::inference
