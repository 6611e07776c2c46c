// Work given to the card in a stream: the same tokens, the same calls, one wait; and what happens when it
// fails or is given up under way.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "axcl/selftest.h"
#include "base/error.h"
#include "inference/engine_inspection.h"
#include "inference/testing/loaded_engine.h"
#include "tests/support/softcard_settings.h"

namespace axllama::inference {
namespace {

using axcl::CallCounters;
using base::Error;
using base::ErrorCode;
using testing::RandomModel;
using text::TokenId;
using Tokens = std::vector<TokenId>;

/// Requests of all kinds, and the tokens each gives when it has a card for itself and calls are made one by
/// one.
class EngineAsync : public ::testing::Test {
 protected:
  EngineAsync() {
    Random random(7);
    const Tokens shared = random_tokens(70, 100);
    for (std::uint64_t i = 0; i < 5; ++i) {
      Tokens prompt = random_tokens(1 + random.next() % 80, i);
      if (i % 3 == 0) {
        prompt.insert(prompt.begin(), shared.begin(), shared.end());
      }
      requests.push_back(greedy(prompt, static_cast<int>(8 + random.next() % 6)));
      requests.back().sampling.temperature = i % 2 == 0 ? 0 : 1.2;
      requests.back().sampling.seed = i;
    }
    TestCard card;
    const auto engine = Engine::load(card.card(), package.open(), {}, {.kv_slots = 1});
    for (const GenerationRequest& request : requests) {
      engine->reset_cache();
      alone.push_back(run(*engine, request).tokens);
    }
  }

  const TestPackage package{RandomModel{}};
  std::vector<GenerationRequest> requests;
  std::vector<Tokens> alone;
};

TEST_F(EngineAsync, GivesTheTokensOfCallByCall) {
  Loaded loaded({}, {.kv_slots = 1, .asynchronous = true});
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(run(*loaded.engine, requests[i]).tokens, alone[i]) << i;
  }
}

/// Why the self-test asks for it.
TEST_F(EngineAsync, ReliesOnTheOrderOfAStream) {
  for (const char* fault : {"reordered_work:times=0", "late_work:times=0"}) {
    const testing::SoftcardSettings settings(std::string(R"({"quiet":true,"faults":")") + fault + "\"}");
    std::size_t right = 0;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      try {
        Loaded loaded({}, {.kv_slots = 1, .asynchronous = true});
        right += run(*loaded.engine, requests[i]).tokens == alone[i] ? 1U : 0U;
      } catch (const Error&) {  // a strict card sees that something was not written yet
      }
    }
    EXPECT_EQ(right, 0U) << fault;
  }
}

TEST_F(EngineAsync, OneSequencesHostWorkBesideAnothersStep) {
  Loaded loaded({}, {.kv_slots = 4, .asynchronous = true});
  struct Running {
    std::size_t request;
    std::unique_ptr<Engine::Generation> generation;
    Answer answer;
  };
  std::vector<Running> running;
  Random random(3);
  std::size_t started = 0;
  std::size_t compared = 0;
  std::size_t beside = 0;
  while (compared < 2 * requests.size()) {
    while (loaded.engine->free_slots() > 0) {
      const std::size_t request = started++ % requests.size();
      running.push_back({request, loaded.engine->start(requests[request]), {}});
    }
    // As the lane does: the next step begins before the one before is finished.
    running.front().generation->begin_step();
    while (loaded.engine->free_slots() == 0) {
      Running current = std::move(running.front());
      running.erase(running.begin());
      current.generation->await_step();
      const std::uint64_t executes = loaded.card.card().counters().executes;
      running.front().generation->begin_step();
      beside += loaded.card.card().counters().executes - executes;
      if (random.next() % 16 == 0) {
        current.generation->cancel();
        continue;
      }
      if (current.answer.finish(*current.generation)) {
        running.push_back(std::move(current));
        continue;
      }
      EXPECT_EQ(current.answer.tokens, alone[current.request]) << "request " << current.request;
      ++compared;
    }
    if (random.next() % 3 == 0) {  // given up while the card works for it
      running.front().generation->cancel();
      running.erase(running.begin());
    } else if (running.front().generation->await_step();
               !running.front().answer.finish(*running.front().generation)) {
      running.erase(running.begin());
    }
  }
  EXPECT_GT(beside, 40U) << "executions given to the card before another step was finished";
  running.clear();
  EXPECT_EQ(loaded.engine->free_slots(), 4U);
}

TEST_F(EngineAsync, MakesTheSameCallsAndWaitsOnce) {
  const auto cost_of = [&](bool asynchronous) {
    Loaded loaded({}, {.kv_slots = 1, .asynchronous = asynchronous});
    const auto generation = loaded.engine->start(greedy(random_tokens(20, 5), 40));
    while (generation->step().tokens.empty()) {
    }
    generation->step();  // whose mask the prompt has left behind
    const CallCounters before = loaded.card.card().counters();
    for (int i = 0; i < 32; ++i) {
      EXPECT_EQ(generation->step().tokens.size(), 1U);
    }
    return loaded.card.card().counters() - before;
  };
  const CallCounters blocking = cost_of(false);
  const CallCounters streamed = cost_of(true);
  const std::size_t layers = RandomModel{}.layers;
  EXPECT_EQ(blocking.remote_calls, 32 * (layers + 5));
  EXPECT_EQ(streamed.remote_calls, 32 * (layers + 5));
  EXPECT_EQ(streamed.executes, blocking.executes);
  EXPECT_EQ(streamed.bytes_to_card, blocking.bytes_to_card);
  EXPECT_EQ(streamed.bytes_from_card, blocking.bytes_from_card);
  EXPECT_EQ(blocking.waits, 0U);
  EXPECT_EQ(streamed.waits, 32U + 2) << "one a token, and one more for each token that is measured";
}

TEST_F(EngineAsync, BeginningAStepOnlyHandsWorkOver) {
  for (const bool asynchronous : {false, true}) {
    Loaded loaded({}, {.kv_slots = 1, .asynchronous = asynchronous});
    const auto generation = loaded.engine->start(greedy(random_tokens(20, 5), 8));
    while (generation->step().tokens.empty()) {
    }
    generation->step();
    const CallCounters before = loaded.card.card().counters();
    generation->begin_step();
    const CallCounters begun = loaded.card.card().counters() - before;
    EXPECT_EQ(begun.executes, asynchronous ? RandomModel{}.layers + 1 : 0);
    EXPECT_EQ(begun.waits, 0U);
    generation->await_step();
    const CallCounters awaited = loaded.card.card().counters() - before;
    EXPECT_EQ(awaited.executes, RandomModel{}.layers + 1);
    EXPECT_EQ(generation->finish_step().tokens.size(), 1U);
    EXPECT_EQ((loaded.card.card().counters() - before).remote_calls, awaited.remote_calls)
        << "the host's part makes no call";
  }
}

TEST_F(EngineAsync, KeepsToTheLengthOfAStreamThatWasProven) {
  RandomModel deep;
  deep.layers = 45;  // a chunk makes 3 * 45 + 3 calls
  const GenerationRequest request = greedy(random_tokens(100, 1), 4);
  const Tokens expected = run(*Loaded(deep).engine, request).tokens;
  Loaded loaded(deep, {.asynchronous = true});
  const CallCounters before = loaded.card.card().counters();
  EXPECT_EQ(run(*loaded.engine, request).tokens, expected);
  const CallCounters spent = loaded.card.card().counters() - before;
  EXPECT_GE(spent.waits, spent.remote_calls / axcl::kProvenInStream);
}

TEST_F(EngineAsync, ErrorsShowWhenTheStepIsAwaitedAndTheAnswerGoesOn) {
  const testing::SoftcardSettings settings(R"({"quiet":true})");
  Loaded loaded({}, {.kv_slots = 2, .asynchronous = true});
  const auto other = loaded.engine->start(requests[1]);
  const auto generation = loaded.engine->start(requests[0]);
  Answer answer;
  Answer other_answer;
  // How many steps a prompt takes depends on what they have cost.
  while (answer.tokens.size() < 2) {
    answer.step(*generation);
  }
  while (other_answer.tokens.size() < 2) {
    other_answer.step(*other);
  }
  testing::SoftcardSettings::set(R"({"quiet":true,"faults":"execute_error:at=2"})");
  generation->begin_step();
  try {
    generation->await_step();
    FAIL() << "the error went unnoticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDevice);
    EXPECT_THAT(error.message(), ::testing::HasSubstr("Executing shape group 0 of random_p64_l0"));
  }
  EXPECT_THROW(generation->finish_step(), Error);
  EXPECT_EQ(loaded.engine->free_slots(), 1U) << "it is suspended";
  while (other_answer.step(*other)) {
  }
  EXPECT_EQ(other_answer.tokens, alone[1]);
  loaded.engine->resume(*generation);
  while (answer.step(*generation)) {
  }
  EXPECT_EQ(answer.tokens, alone[0]);
}

TEST_F(EngineAsync, ACardThatIsGoneIsUnavailable) {
  const testing::SoftcardSettings settings(R"({"quiet":true})");
  Loaded loaded({}, {.asynchronous = true});
  const auto generation = loaded.engine->start(greedy(random_tokens(20, 1), 20));
  while (generation->step().tokens.empty()) {
  }
  testing::SoftcardSettings::set(R"({"quiet":true,"faults":"offline:at=1"})");
  try {
    generation->step();
    FAIL() << "the error went unnoticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
  }
}

TEST_F(EngineAsync, AnswersCanBeGivenUpAtWork) {
  Loaded loaded({}, {.kv_slots = 1, .asynchronous = true});
  for (int way = 0; way < 3; ++way) {
    auto generation = loaded.engine->start(requests[0]);
    generation->step();
    generation->step();
    generation->begin_step();
    if (way == 0) {
      generation->cancel();
    } else if (way == 1) {
      generation.reset();
    } else {
      Answer answer;
      generation->suspend();
      loaded.engine->resume(*generation);
      while (answer.step(*generation)) {
      }
      EXPECT_TRUE(std::equal(answer.tokens.rbegin(), answer.tokens.rend(), alone[0].rbegin()));
    }
    EXPECT_EQ(loaded.engine->free_slots(), 1U);
    EXPECT_EQ(run(*loaded.engine, requests[1]).tokens, alone[1]);
  }
}

TEST_F(EngineAsync, LogitsOfAWholeSequenceAreThoseOfCallByCall) {
  const Tokens tokens = random_tokens(90, 4);
  const auto logits_of = [&](bool asynchronous) {
    Loaded loaded({}, {.kv_slots = 1, .asynchronous = asynchronous});
    std::vector<base::Bf16> all;
    loaded.engine->evaluate(tokens, [&](std::size_t, std::span<const base::Bf16> logits) {
      all.insert(all.end(), logits.begin(), logits.end());
    });
    return all;
  };
  EXPECT_EQ(logits_of(true), logits_of(false));
}

TEST_F(EngineAsync, StepsAreTakenInOrder) {
  Loaded loaded;
  const auto generation = loaded.engine->start(greedy(random_tokens(20, 1), 3));
  EXPECT_THROW(generation->await_step(), Error);
  EXPECT_THROW(generation->finish_step(), Error);
  generation->begin_step();
  EXPECT_THROW(generation->begin_step(), Error);
}

}  // namespace
}  // namespace axllama::inference
