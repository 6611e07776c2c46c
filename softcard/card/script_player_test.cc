#include "softcard/card/script_player.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/bfloat16.h"
#include "softcard/card/error.h"
#include "softcard/card/fake_card.h"

namespace axllama::softcard {
namespace {

using namespace testing;  // the fakes of this room
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string complaint(const std::string& json) {
  try {
    parse_script(nlohmann::json::parse(json));
  } catch (const SettingsError& error) {
    return error.what();
  }
  return "";
}

/// Two layers and a head, driven as an engine drives them.
class ScriptedModel {
 public:
  explicit ScriptedModel(const std::string& script)
      : card_(settings(script)),
        first_(card_, kDecodeGroup),
        second_(card_, kDecodeGroup),
        chunk_(card_, kLargeGroup),
        first_chunk_(card_, kFirstGroup) {
    head_ = card_.load("head");
    head_io_ = std::make_shared<IoObject>(head_->id(), head_->shape());
    logits_ = card_.allocate(FakeHead::kVocab * 2);
    second_.io().bind(Side::kInput, kInput, first_.out[kOutput].address, first_.out[kOutput].size);
    head_io_->bind(Side::kInput, 0, second_.out[kOutput].address, second_.out[kOutput].size);
    head_io_->bind(Side::kOutput, 0, logits_, FakeHead::kVocab * 2);
    use_cache(0);
  }

  FakeCard& card() { return card_; }

  /// Another KV cache slot for what follows.
  void use_cache(std::size_t slot) {
    slot_ = slot;
    while (caches_.size() <= slot) {
      const std::uint64_t at = card_.allocate(first_.in[kKCache].size);
      fill(card_.device(),
           resolve_range(card_.device(), reinterpret_cast<void*>(at), first_.in[kKCache].size, "x"), 0);
      caches_.push_back(at);
    }
    for (BoundLayer* layer : {&first_, &chunk_}) {
      layer->io().bind(Side::kInput, kKCache, caches_[slot], layer->in[kKCache].size);
    }
  }

  /// One token through both layers, without the head.
  void feed(std::uint32_t position) {
    card_.write(first_.in[kInput].address, std::vector<std::uint16_t>(kHidden, 0x3F80));
    const auto low = static_cast<std::uint16_t>(position);
    const auto high = static_cast<std::uint16_t>(position >> 16U);
    for (BoundLayer* layer : {&first_, &second_}) {
      card_.write(layer->in[kIndices].address, {low, high});
      layer->run();
    }
  }
  /// The token that is clearly the likeliest after the one at `position`; fails when none is.
  std::uint32_t answer(std::uint32_t position) {
    feed(position);
    return likeliest();
  }
  /// The first `count` tokens of a prompt in a chunk without history. What it has bound as its cache is a
  /// dummy that other caches' chunks have bound, too.
  void feed_first_chunk(std::uint16_t count) {
    std::vector<std::uint16_t> indices;
    for (std::uint16_t row = 0; row < kLargeRows; ++row) {
      indices.insert(indices.end(), {std::min<std::uint16_t>(row, count - 1), 0});
    }
    card_.write(first_chunk_.in[kInput].address, std::vector<std::uint16_t>(kHidden * kLargeRows, 0x3F80));
    card_.write(first_chunk_.in[kIndices].address, indices);
    first_chunk_.run();
  }
  /// Takes its keys into the cache, or its last row to the head.
  void keep_keys(std::uint16_t count) {
    copy(caches_[slot_], first_chunk_.out[kKOut].address, count * kKv * 2);
  }
  std::uint32_t answer_first_chunk(std::uint16_t count) {
    copy(head_input(), first_chunk_.out[kOutput].address + (count - 1U) * kHidden * 2, kHidden * 2);
    return likeliest();
  }
  /// The token that is clearly the likeliest by what is in the head's input; fails when none is.
  std::uint32_t likeliest() {
    softcard::run(Execution(head_, 0, head_io_), {});
    const auto logits = card_.read(logits_, FakeHead::kVocab);
    const auto best = std::max_element(logits.begin(), logits.end(), [](std::uint16_t a, std::uint16_t b) {
      return base::bf16_to_f32(a) < base::bf16_to_f32(b);
    });
    EXPECT_GT(base::bf16_to_f32(*best), 50);
    EXPECT_EQ(
        std::count_if(logits.begin(), logits.end(), [](std::uint16_t l) { return base::bf16_to_f32(l) > 0; }),
        1);
    return static_cast<std::uint32_t>(best - logits.begin());
  }
  std::vector<std::uint32_t> answers(std::uint32_t from, std::uint32_t count) {
    std::vector<std::uint32_t> tokens;
    for (std::uint32_t position = from; position < from + count; ++position) {
      tokens.push_back(answer(position));
    }
    return tokens;
  }

  BoundLayer& chunk() { return chunk_; }
  Model& head() { return *head_; }
  std::vector<std::uint16_t> raw_head(const std::vector<std::uint16_t>& input) {
    card_.write(head_input(), input);
    softcard::run(Execution(head_, 0, head_io_), {});
    return card_.read(logits_, FakeHead::kVocab);
  }

 private:
  std::uint64_t head_input() const { return second_.out[kOutput].address; }
  void copy(std::uint64_t to, std::uint64_t from, std::uint64_t bytes) {
    plan_copy(card_.device(), reinterpret_cast<void*>(to), reinterpret_cast<void*>(from), bytes,
              CopyKind::kDeviceToDevice)
        .perform(card_.device());
  }
  static Settings settings(const std::string& script) {
    Settings result;
    result.compute = Compute::kScript;
    result.script = parse_script(nlohmann::json::parse(script));
    return result;
  }

  FakeCard card_;
  BoundLayer first_;
  BoundLayer second_;
  BoundLayer chunk_;
  BoundLayer first_chunk_;
  std::shared_ptr<Model> head_;
  std::shared_ptr<IoObject> head_io_;
  std::uint64_t logits_ = 0;
  std::vector<std::uint64_t> caches_;
  std::size_t slot_ = 0;
};

TEST(ScriptTest, MistakesAreNamed) {
  EXPECT_THAT(complaint("[]"), HasSubstr("object"));
  EXPECT_THAT(complaint("{}"), HasSubstr("needs"));
  EXPECT_THAT(complaint(R"({"requests":[[]]})"), HasSubstr("at least one"));
  EXPECT_THAT(complaint(R"({"requests":[["x"]]})"), HasSubstr("step"));
  EXPECT_THAT(complaint(R"({"requests":[[1]],"after":"stop"})"), HasSubstr("\"stop\""));
  EXPECT_THAT(complaint(R"({"positions":{"x":1}})"), HasSubstr("\"x\""));
  EXPECT_THAT(complaint(R"({"request":[[1]]})"), HasSubstr("\"request\""));
}

TEST(ScriptPlayerTest, EachRequestGetsItsTokens) {
  ScriptedModel model(R"({"requests":[[5,6,7],[8,9]]})");
  EXPECT_THAT(model.answers(10, 3), ElementsAre(5, 6, 7));
  EXPECT_THAT(model.answers(4, 2), ElementsAre(8, 9));
  EXPECT_THAT(model.answers(20, 3), ElementsAre(5, 6, 7));  // from the beginning again
}

TEST(ScriptPlayerTest, TheLastTokenRepeatsWhenAskedForMore) {
  ScriptedModel model(R"({"requests":[[5,6]]})");
  EXPECT_THAT(model.answers(3, 4), ElementsAre(5, 6, 6, 6));
}

TEST(ScriptPlayerTest, TheSamePromptAgainIsTheNextRequest) {
  ScriptedModel model(R"({"requests":[[5,6],[7,8]]})");
  EXPECT_THAT(model.answers(3, 2), ElementsAre(5, 6));
  EXPECT_THAT(model.answers(3, 2), ElementsAre(7, 8));
}

TEST(ScriptPlayerTest, ANewPromptThatEndsInsideTheFormerAnswerIsTheNextRequest) {
  ScriptedModel model(R"({"requests":[[5,5,5,5],[7]]})");
  EXPECT_THAT(model.answers(10, 4), ElementsAre(5, 5, 5, 5));
  model.feed(2);  // its prompt differs early, and ends where the former answer was
  EXPECT_THAT(model.answers(12, 1), ElementsAre(7));
}

TEST(ScriptPlayerTest, RollingBackWithinAnAnswerGivesTheSameTokens) {
  ScriptedModel model(R"({"requests":[[5,6,7,8,9]]})");
  EXPECT_THAT(model.answers(10, 4), ElementsAre(5, 6, 7, 8));
  EXPECT_THAT(model.answers(12, 3), ElementsAre(7, 8, 9));
}

TEST(ScriptPlayerTest, EveryCacheHasItsOwnRequest) {
  ScriptedModel model(R"({"requests":[[5,6,7],[8,9,10]]})");
  std::vector<std::uint32_t> first;
  std::vector<std::uint32_t> second;
  for (std::uint32_t step = 0; step < 3; ++step) {
    model.use_cache(0);
    first.push_back(model.answer(10 + step));
    model.use_cache(1);
    second.push_back(model.answer(10 + step));
  }
  EXPECT_THAT(first, ElementsAre(5, 6, 7));
  EXPECT_THAT(second, ElementsAre(8, 9, 10));
}

TEST(ScriptPlayerTest, AFirstChunkBelongsToTheCacheItsKeysGoTo) {
  for (const bool head_before_copy : {false, true}) {
    ScriptedModel model(R"({"requests":[[5,6,7],[8,9,10]]})");
    const auto prompt = [&](std::size_t cache) {
      model.use_cache(cache);
      model.feed_first_chunk(10);
      if (!head_before_copy) model.keep_keys(10);
      const std::uint32_t token = model.answer_first_chunk(10);
      if (head_before_copy) model.keep_keys(10);
      return token;
    };
    std::vector<std::uint32_t> first{prompt(0)};
    std::vector<std::uint32_t> second{prompt(1)};
    for (std::uint32_t position = 10; position < 12; ++position) {
      model.use_cache(0);
      first.push_back(model.answer(position));
      model.use_cache(1);
      second.push_back(model.answer(position));
    }
    EXPECT_THAT(first, ElementsAre(5, 6, 7));
    EXPECT_THAT(second, ElementsAre(8, 9, 10));
  }
}

TEST(ScriptPlayerTest, AFirstChunkEndsTheFormerRequestOfItsCache) {
  ScriptedModel model(R"({"requests":[[5,5,5,5],[7]]})");
  EXPECT_THAT(model.answers(10, 4), ElementsAre(5, 5, 5, 5));
  model.feed_first_chunk(11);
  model.keep_keys(11);
  model.feed(11);  // the prompt ends within the former answer, and so does all of it that reads the cache
  EXPECT_THAT(model.answers(12, 1), ElementsAre(7));
}

TEST(ScriptPlayerTest, PositionsOutrankRequests) {
  ScriptedModel model(R"({"requests":[[5,6,7]],"positions":{"11":20}})");
  EXPECT_THAT(model.answers(10, 3), ElementsAre(5, 20, 7));
}

TEST(ScriptPlayerTest, ProgramsComputeOnlyWhereTheScriptAsksForIt) {
  const std::size_t before = FakeHead::executed;
  ScriptedModel idle(R"({"requests":[[5,6,7]]})");
  EXPECT_THAT(idle.answers(10, 3), ElementsAre(5, 6, 7));
  EXPECT_EQ(FakeHead::executed, before);
  ScriptedModel busy(R"({"requests":[[5,6,7]],"arithmetic":true})");
  EXPECT_THAT(busy.answers(10, 3), ElementsAre(5, 6, 7));
  EXPECT_EQ(FakeHead::executed, before + 3);
  EXPECT_THAT(complaint(R"({"requests":[[5]],"arithmetic":1})"), HasSubstr("does not fit"));
}

TEST(ScriptPlayerTest, TheEndCanBeAnError) {
  ScriptedModel model(R"({"requests":[[5]],"after":"error"})");
  EXPECT_EQ(model.answer(3), 5U);
  EXPECT_THROW(model.answer(1), CardError);
}

TEST(ScriptPlayerTest, StepsCanWaitFailOrGiveLogits) {
  ScriptedModel model(
      R"({"requests":[[{"token":5,"delay_ms":30},{"error":"0x80300181"},{"logits":{"4":60.5}}]]})");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(model.answer(3), 5U);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(30));
  try {
    model.answer(4);
    FAIL();
  } catch (const CardError& error) {
    EXPECT_EQ(error.code(), code::kDeviceNotConnected);
  }
  EXPECT_EQ(model.answer(5), 4U);
}

TEST(ScriptPlayerTest, TokensBeyondTheVocabularyAreNamed) {
  ScriptedModel model(R"({"requests":[[32]]})");
  EXPECT_THROW(model.answer(3), CardError);
}

TEST(ScriptPlayerTest, TrialRunsOfTheHeadAnswerNothingAndCountNothing) {
  ScriptedModel model(R"({"requests":[[5]]})");
  EXPECT_THAT(model.raw_head(std::vector<std::uint16_t>(kHidden, 0x3F80)), ::testing::Each(0));
  EXPECT_EQ(model.answer(3), 5U);
}

TEST(ScriptPlayerTest, AChunksRowsEqualDecodedRows) {
  ScriptedModel model(R"({"requests":[[5,6]]})");
  FakeCard& card = model.card();
  BoundLayer& chunk = model.chunk();
  std::vector<std::uint16_t> indices;
  for (std::uint16_t row = 0; row < kLargeRows; ++row) {
    indices.insert(indices.end(), {row, 0});
  }
  card.write(chunk.in[kIndices].address, indices);
  chunk.run();
  BoundLayer decode(card, kDecodeGroup);
  card.write(decode.in[kIndices].address, {7, 0});
  decode.run();
  EXPECT_EQ(card.read(chunk.out[kKOut].address + 7 * kKv * 2, kKv),
            card.read(decode.out[kKOut].address, kKv));
  // A row of the chunk taken to the head answers like a decoded token.
  const auto row = card.read(chunk.out[kOutput].address + 9 * kHidden * 2, kHidden);
  EXPECT_GT(base::bf16_to_f32(model.raw_head(row)[5]), 50);
  EXPECT_EQ(model.answer(10), 6U);
}

}  // namespace
}  // namespace axllama::softcard
