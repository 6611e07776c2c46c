// Several answers at once on a fake card: turns, slots, models, cards, failures.

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "serving/testing/fake_card_test.h"

namespace axllama::serving {
namespace {

using namespace std::chrono_literals;
using base::Error;
using base::ErrorCode;
using inference::FinishReason;
using inference::TokenEvent;

class LaneParallel : public FakeCardTest {
 protected:
  LaneParallel() { card.slots = 4; }
  /// Submits while the lane stands before a step, in this order.
  Stream submit(const std::string& name, int tokens, const std::string& client) {
    return scheduler().submit(request(name, tokens, client));
  }
  /// An endless answer that the lane is busy with, standing before its first step.
  Stream occupy(const std::string& name, const std::string& client = "first") {
    card.step.close();
    const std::size_t arrivals = card.step.arrivals();
    Stream stream = submit(name, -1, client);
    card.step.wait_for_arrivals(arrivals + 1);
    return stream;
  }
  /// Lets the lane do so many steps.
  void step(std::size_t times) {
    const std::size_t arrivals = card.step.arrivals();
    card.step.let_pass(times);
    card.step.wait_for_arrivals(arrivals + times);
  }
  static std::size_t tokens_read(const Stream& stream) {
    std::size_t count = 0;
    while (const auto event = stream->try_next()) {
      const auto* token = std::get_if<TokenEvent>(&*event);
      count += token == nullptr ? 0 : token->tokens.size();
    }
    return count;
  }
};

TEST_F(LaneParallel, ClientsTakeTurnsTokenByToken) {
  const Stream a = occupy("m", "a");
  const Stream b1 = submit("m", -1, "b");
  const Stream b2 = submit("m", -1, "b");
  step(9);
  EXPECT_EQ(scheduler().queue_length(), 0U);
  // After a's first token: a, b1, a, b2, ... half of the rest is a's, the other half b's.
  EXPECT_EQ(tokens_read(a), 5U);
  EXPECT_EQ(tokens_read(b1), 2U);
  EXPECT_EQ(tokens_read(b2), 2U);
}

TEST_F(LaneParallel, TheCardWorksForOneWhileTheHostWorksForAnother) {
  const Stream a = occupy("m", "a");
  const Stream b = submit("m", -1, "b");
  step(10);
  EXPECT_GE(card.finished_beside_work, 8U);  // all but those around b's beginning
}

TEST_F(LaneParallel, AloneEachStepWaitsForTheOneBefore) {
  const Stream a = occupy("m", "a");
  step(10);
  EXPECT_EQ(card.finished_beside_work, 0U);
}

TEST_F(LaneParallel, OtherWorkIsDoneBetweenSteps) {
  const Stream a = occupy("m", "a");
  const Stream b = submit("m", -1, "b");
  step(4);
  scheduler().reset_caches();
  const Stream c = submit("m", 2, "c");
  step(10);
  EXPECT_EQ(card.resets, 1U);
  EXPECT_EQ(text_of(read_all(c)), "0 1 ");
}

TEST_F(LaneParallel, MoreThanTheSlotsWait) {
  card.slots = 2;
  const Stream a = occupy("m", "a");
  Stream b = submit("m", -1, "b");
  const Stream c = submit("m", 1, "c");
  step(5);
  EXPECT_EQ(scheduler().queue_length(), 1U);
  EXPECT_EQ(tokens_read(c), 0U);
  b.reset();  // its slot is free at once
  step(3);    // the one under way, a's, c's
  EXPECT_EQ(text_of(read_all(c)), "0 ");
  EXPECT_EQ(card.cancelled_generations, 1U);
}

TEST_F(LaneParallel, TheNumberAtOnceCanBeLimited) {
  options.parallel = 2;
  const Stream a = occupy("m", "a");
  const Stream b = submit("m", -1, "b");
  const Stream c = submit("m", -1, "c");
  step(6);
  EXPECT_EQ(scheduler().queue_length(), 1U);
  EXPECT_EQ(tokens_read(c), 0U);
}

TEST_F(LaneParallel, ALoadedModelIsNotHeldUpByAnother) {
  card.slots = 1;
  read_all(submit("b", 1, "x"));
  const Stream a = occupy("a");
  const Stream waiting = submit("a", 1, "y");
  const Stream b = submit("b", 2, "z");
  step(5);
  EXPECT_EQ(text_of(read_all(b)), "0 1 ");
  EXPECT_EQ(scheduler().queue_length(), 1U);
}

TEST_F(LaneParallel, AModelIsLoadedWhenNothingRunsAndIsNotOvertakenForEver) {
  card.room = 2;
  read_all(submit("a", 1, "x"));
  read_all(submit("b", 1, "x"));
  Stream a = occupy("a");
  const Stream c = submit("c", 1, "y");  // has to wait, or a would be evicted while it is in use
  std::vector<Stream> overtaking;
  for (int i = 0; i < 8; ++i) {
    overtaking.push_back(submit("b", 1, "z"));
  }
  step(30);
  EXPECT_EQ(card.loads, 2U);
  EXPECT_EQ(scheduler().queue_length(), 5U);  // c, and those who would keep it waiting
  a.reset();
  card.step.open();
  EXPECT_EQ(text_of(read_all(c)), "0 ");
  for (const Stream& stream : overtaking) {
    EXPECT_EQ(text_of(read_all(stream)), "0 ");
  }
}

TEST_F(LaneParallel, FreesSpareMemoryBeforeAModelGoes) {
  card.room = 2;
  read_all(submit("a", 1, "x"));
  card.spare_memory = true;
  read_all(submit("b", 1, "x"));
  EXPECT_EQ(card.resident, 2U);
  EXPECT_FALSE(card.spare_memory);
}

TEST_F(LaneParallel, IdleWorkWaitsForIdleTimes) {
  const Stream a = occupy("m");
  card.idle_work = 3;
  step(5);
  EXPECT_EQ(card.idle_work, 3U);
  a->cancel();
  card.step.open();
  EXPECT_TRUE(eventually([&] { return card.idle_work == 0; }));
}

TEST_F(LaneParallel, AWaitingRequestsDeadlineEndsIt) {
  card.slots = 1;
  const Stream a = occupy("m");
  InferenceRequest late = request("m", 5);
  late.generation.deadline = std::chrono::steady_clock::now();
  const Stream stream = scheduler().submit(late);
  step(1);
  const auto events = read_all(stream);
  EXPECT_EQ(events.size(), 1U);
  EXPECT_EQ(std::get<TokenEvent>(events[0]).reason, FinishReason::kLength);
  EXPECT_EQ(std::get<TokenEvent>(events[0]).stats.prompt_tokens, 3U);
}

TEST_F(LaneParallel, ARequestGoesOnAfterAFailure) {
  const SharedCount steps = shared_count();
  card.on_step = [steps] {
    if (++*steps == 3) {
      throw Error(ErrorCode::kDevice, "Executing failed.");
    }
  };
  EXPECT_EQ(text_of(read_all(submit("m", 5, "x"))), "0 1 2 3 4 ");
  EXPECT_EQ(card.resumed, 1U);
  EXPECT_EQ(card.loads, 1U);
  EXPECT_EQ(card.opened, 1U);
}

TEST_F(LaneParallel, ARepeatedFailureReloadsTheModelThenResetsTheCard) {
  const SharedCount steps = shared_count();
  card.on_step = [steps] {
    const int number = ++*steps;
    if (number >= 3 && number <= 5) {
      throw Error(ErrorCode::kDevice, "Executing failed.");
    }
  };
  EXPECT_EQ(text_of(read_all(submit("m", 5, "x"))), "0 1 2 3 4 ");
  EXPECT_EQ(card.resumed, 3U);
  EXPECT_EQ(card.loads, 3U);
  EXPECT_EQ(card.opened, 2U);
  EXPECT_EQ(card.closed, 1U);
}

TEST_F(LaneParallel, EveryAnswerGoesOnWhenTheCardWasGone) {
  read_all(submit("n", 1, "x"));
  const SharedCount steps = shared_count();
  const Stream a = occupy("m");
  const Stream b = submit("n", 6, "y");
  const Stream c = submit("m", 6, "z");
  card.on_step = [steps] {
    if (++*steps == 8) {
      throw Error(ErrorCode::kUnavailable, "The card is not connected.");
    }
  };
  card.step.open();
  EXPECT_EQ(text_of(read_all(b)), "0 1 2 3 4 5 ");
  EXPECT_EQ(text_of(read_all(c)), "0 1 2 3 4 5 ");
  EXPECT_EQ(card.opened, 2U);
  EXPECT_EQ(card.loads, 4U);
  EXPECT_EQ(card.resumed, 3U);
}

TEST_F(LaneParallel, RecoveryThatFailsEndsWithTheError) {
  const SharedCount steps = shared_count();
  card.on_step = [this, steps] {
    if (++*steps == 3) {
      card.on_open = [] { throw Error(ErrorCode::kUnavailable, "The card is gone."); };
      throw Error(ErrorCode::kUnavailable, "The card is not connected.");
    }
  };
  const auto events = read_all(submit("m", 5, "x"));
  EXPECT_EQ(text_of(events), "0 1 ");
  EXPECT_EQ(std::get<Error>(events.back()).message(), "The card is gone.");
  EXPECT_THROW(submit("m", 1, "x"), Error);
}

TEST_F(LaneParallel, OneBadRequestDoesNotEndTheOthers) {
  const Stream a = occupy("m");
  const SharedCount steps = shared_count();
  card.on_step = [steps] {
    if (++*steps == 1) {
      throw Error(ErrorCode::kInvalidArgument, "This cannot be answered.");
    }
  };
  const Stream b = submit("m", 3, "y");
  card.step.open();
  EXPECT_EQ(error_of(a), ErrorCode::kInvalidArgument);
  EXPECT_EQ(text_of(read_all(b)), "0 1 2 ");
  EXPECT_EQ(card.resumed, 0U);
}

TEST_F(LaneParallel, ACallThatDoesNotComeBackIsToldToEverybody) {
  options.call_limit = 700ms;
  card.slots = 2;
  const Stream a = occupy("m");
  const Stream b = submit("m", 5, "y");
  const Stream c = submit("other", 5, "z");
  for (const Stream& stream : {a, b, c}) {
    EXPECT_EQ(error_of(stream), ErrorCode::kUnavailable);
  }
  const CardStatus status = scheduler().card_status();
  EXPECT_FALSE(status.available);
  EXPECT_NE(status.problem.find("has not answered"), std::string::npos) << status.problem;
  EXPECT_NE(status.problem.find("answering for m"), std::string::npos) << status.problem;
  try {
    submit("m", 1, "x");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_EQ(error.message(), status.problem);
  }
  card.step.open();  // the call returns
  EXPECT_TRUE(eventually([&] { return card.closed == 1; }));
  Stream again;
  EXPECT_TRUE(eventually([&] {
    try {
      again = submit("m", 2, "x");
      return true;
    } catch (const Error&) {
      return false;
    }
  }));
  EXPECT_EQ(text_of(read_all(again)), "0 1 ");
  EXPECT_EQ(card.opened, 2U);
}

TEST_F(LaneParallel, DrainingDoesNotWaitForAHungCall) {
  options.call_limit = 20ms;
  const Stream a = occupy("m");
  EXPECT_EQ(error_of(a), ErrorCode::kUnavailable);
  scheduler().drain(0s);
  EXPECT_EQ(card.closed, 0U);
  card.step.open();
  EXPECT_TRUE(eventually([&] { return card.closed == 1; }));  // the lane ends by itself
}

TEST(SeveralCards, RequestsGoWhereTheyAreAnsweredFirst) {
  FakeCard first;
  FakeCard second;
  first.slots = second.slots = 4;
  Scheduler scheduler({}, {first.factory(), second.factory()});
  EXPECT_TRUE(eventually([&] { return scheduler.card_statuses()[1].available; }));
  EXPECT_EQ(scheduler.card_statuses().size(), 2U);

  InferenceRequest a = request("m", 2);
  a.generation.prompt.assign(2000, 1);
  InferenceRequest b = a;
  b.generation.prompt.assign(2000, 2);
  read_all(scheduler.submit(a));
  EXPECT_EQ(first.generations, 1U);
  // The model is loaded on the first card only; loading it again is worth less than a short prompt.
  read_all(scheduler.submit(b));
  EXPECT_EQ(first.generations, 2U);

  first.step.close();
  std::vector<Stream> busy;
  for (int i = 0; i < 12; ++i) {
    busy.push_back(scheduler.submit(a));
  }
  EXPECT_TRUE(eventually([&] { return second.generations > 0; }));
  first.step.open();
  for (const Stream& stream : busy) {
    read_all(stream);
  }
  // Both are idle and have the model: the prompt decides.
  const std::size_t at_first = first.generations;
  const std::size_t at_second = second.generations;
  b.generation.prompt.push_back(3);
  read_all(scheduler.submit(b));
  EXPECT_EQ(first.generations, at_first + 1);
  EXPECT_EQ(second.generations, at_second);
  EXPECT_EQ(scheduler.loaded().size(), 2U);
  EXPECT_TRUE(scheduler.unload(model("m").digest));
  EXPECT_TRUE(eventually([&] { return first.resident + second.resident == 0; }));
}

TEST(SeveralCards, TheOthersServeWhenOneIsGone) {
  FakeCard first;
  FakeCard second;
  first.on_open = [] { throw Error(ErrorCode::kUnavailable, "The first card is gone."); };
  Scheduler scheduler({}, {first.factory(), second.factory()});
  EXPECT_TRUE(eventually([&] { return scheduler.card_status().available; }));
  EXPECT_FALSE(scheduler.card_statuses()[0].available);
  EXPECT_EQ(text_of(read_all(scheduler.submit(request("m", 2)))), "0 1 ");
  EXPECT_EQ(second.generations, 1U);
}

}  // namespace
}  // namespace axllama::serving
