#include "serving/scheduler.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
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

using SchedulerTest = FakeCardTest;

TEST_F(SchedulerTest, LoadsTheModelAndStreamsTheAnswer) {
  const Stream stream = scheduler().submit(request("a", 3));
  const auto events = read_all(stream);
  ASSERT_EQ(events.size(), 4U);
  EXPECT_GT(std::get<ModelReady>(events[0]).load_time, 0ns);
  EXPECT_EQ(text_of(events), "0 1 2 ");
  EXPECT_EQ(std::get<TokenEvent>(events[3]).reason, FinishReason::kLength);
  EXPECT_FALSE(stream->try_next());
  EXPECT_EQ(loaded(), "a ");
  EXPECT_EQ(scheduler().loaded().at(0).card_bytes, 1000U);
  EXPECT_EQ(scheduler().loaded().at(0).context_length, 2048U);
  const auto again = read_all(scheduler().submit(request("a", 2)));
  EXPECT_GT(std::get<ModelReady>(again[0]).load_time, 0ns);
  EXPECT_EQ(card.loads, 1U);
}

TEST_F(SchedulerTest, ServesWaitingClientsInTurn) {
  card.step.close();
  std::vector<Stream> streams;
  streams.push_back(scheduler().submit(request("a", 1, "x")));
  card.step.wait_for_arrivals(1);
  for (const char* client : {"x", "x", "y"}) {
    streams.push_back(scheduler().submit(request("a", 1, client)));
  }
  EXPECT_EQ(scheduler().queue_length(), 3U);
  std::mutex mutex;
  std::string order;
  for (std::size_t i = 1; i < streams.size(); ++i) {
    streams[i]->on_readable([&, i] {
      const std::lock_guard lock(mutex);
      order += std::to_string(i);
    });
  }
  card.step.open();
  for (const Stream& stream : streams) {
    read_all(stream);
  }
  EXPECT_EQ(order, "132");  // x, then y, then x again
  EXPECT_EQ(scheduler().queue_length(), 0U);
}

TEST_F(SchedulerTest, RefusesMoreThanTheQueueHolds) {
  options.max_queue = 2;
  card.step.close();
  std::vector<Stream> streams{scheduler().submit(request("a", 1))};
  card.step.wait_for_arrivals(1);
  streams.push_back(scheduler().submit(request("a", 1)));
  streams.push_back(scheduler().submit(request("a", 1)));
  try {
    scheduler().submit(request("a", 1));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted);
    EXPECT_EQ(error.message(), "server busy, please try again.  maximum pending requests exceeded");
  }
  streams[2]->cancel();  // makes room at once
  EXPECT_EQ(scheduler().queue_length(), 1U);
  EXPECT_EQ(reason_of(streams[2]), FinishReason::kCancelled);
  EXPECT_NO_THROW(streams[2] = scheduler().submit(request("a", 1)));
}

TEST_F(SchedulerTest, CancelsARunningRequestWithinOneStep) {
  card.step.close();
  const Stream stream = scheduler().submit(request("a", -1));
  card.step.wait_for_arrivals(1);
  card.step.let_pass(2);
  card.step.wait_for_arrivals(3);
  stream->cancel();
  card.step.let_pass(1);
  const auto events = read_all(stream);
  EXPECT_EQ(std::get<TokenEvent>(events.back()).reason, FinishReason::kCancelled);
  EXPECT_EQ(card.step.arrivals(), 3U);
  EXPECT_EQ(card.cancelled_generations, 1U);
}

TEST_F(SchedulerTest, DroppingTheStreamCancels) {
  card.step.close();
  Stream running = scheduler().submit(request("a", -1));
  card.step.wait_for_arrivals(1);
  Stream waiting = scheduler().submit(request("b", 1));
  waiting.reset();
  EXPECT_EQ(scheduler().queue_length(), 0U);
  running.reset();
  card.step.let_pass(1);
  EXPECT_TRUE(eventually([&] { return card.active_generations == 0; }));
  EXPECT_EQ(card.cancelled_generations, 1U);
  EXPECT_EQ(card.loads, 1U);
}

TEST_F(SchedulerTest, EndsARequestWhoseReaderFallsBehind) {
  options.max_pending_events = 10;
  const Stream stream = scheduler().submit(request("a", -1));
  EXPECT_TRUE(eventually([&] { return card.cancelled_generations == 1; }));
  const auto events = read_all(stream);
  EXPECT_EQ(events.size(), 11U);
  EXPECT_TRUE(std::holds_alternative<Error>(events.back()));
  EXPECT_EQ(text_of(read_all(scheduler().submit(request("a", 2)))), "0 1 ");
}

TEST_F(SchedulerTest, LoadsWithoutGenerating) {
  const auto events = read_all(scheduler().load(model("a"), KeepAlive{KeepAlive::kForever}));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<ModelReady>(events[0]));
  EXPECT_EQ(text_of(events), "");
  EXPECT_EQ(card.generations, 0U);
  EXPECT_EQ(scheduler().loaded().at(0).expires_at, std::chrono::system_clock::time_point::max());
}

TEST_F(SchedulerTest, ShowsTheProgressOfALoad) {
  card.load_layer.close();
  const Stream stream = scheduler().load(model("a"), {});
  card.load_layer.wait_for_arrivals(1);
  EXPECT_EQ(loaded(), "a+ ");
  card.load_layer.let_pass(2);
  card.load_layer.wait_for_arrivals(3);
  EXPECT_EQ(scheduler().loaded().at(0).layers_loaded, 2U);
  card.load_layer.open();
  read_all(stream);
  EXPECT_EQ(loaded(), "a ");
}

TEST_F(SchedulerTest, GivesUpALoadThatNobodyWaitsFor) {
  card.load_layer.close();
  Stream first = scheduler().submit(request("a", 1));
  card.load_layer.wait_for_arrivals(1);
  first->cancel();
  card.load_layer.open();
  EXPECT_EQ(reason_of(first), FinishReason::kCancelled);
  EXPECT_TRUE(eventually([&] { return loaded().empty(); }));
  EXPECT_EQ(card.resident, 0U);
}

TEST_F(SchedulerTest, FinishesALoadThatAnotherRequestWaitsFor) {
  card.load_layer.close();
  Stream first = scheduler().submit(request("a", 1));
  card.load_layer.wait_for_arrivals(1);
  const Stream second = scheduler().submit(request("a", 2));
  first.reset();
  card.load_layer.open();
  EXPECT_EQ(text_of(read_all(second)), "0 1 ");
  EXPECT_EQ(card.loads, 1U);
  EXPECT_EQ(card.generations, 1U);
}

TEST_F(SchedulerTest, UnloadsWhenTheKeepAliveIsOver) {
  InferenceRequest brief = request("a", 1);
  brief.keep_alive = KeepAlive{30ms};
  read_all(scheduler().submit(brief));
  EXPECT_TRUE(eventually([&] { return card.resident == 0; }));
  EXPECT_EQ(loaded(), "");
}

TEST_F(SchedulerTest, UnloadsAtOnceAfterAKeepAliveOfZero) {
  options.default_keep_alive = KeepAlive::kForever;
  InferenceRequest once = request("a", 1);
  once.keep_alive = KeepAlive{0s};
  read_all(scheduler().submit(once));
  EXPECT_TRUE(eventually([&] { return card.resident == 0; }));
}

TEST_F(SchedulerTest, KeepsAModelThatAWaitingRequestWants) {
  card.step.close();
  InferenceRequest once = request("a", 1);
  once.keep_alive = KeepAlive{0s};
  const Stream first = scheduler().submit(once);
  card.step.wait_for_arrivals(1);
  const Stream second = scheduler().submit(request("a", 1));
  card.step.open();
  read_all(first);
  read_all(second);
  EXPECT_EQ(card.loads, 1U);
  EXPECT_TRUE(eventually([&] { return card.resident == 0; }));  // the model's keep-alive is still zero
}

TEST_F(SchedulerTest, UnloadsOnRequestAfterTheRunningRequest) {
  EXPECT_FALSE(scheduler().unload(model("a").digest));
  card.step.close();
  const Stream stream = scheduler().submit(request("a", 2));
  card.step.wait_for_arrivals(1);
  EXPECT_TRUE(scheduler().unload(model("a").digest));
  EXPECT_EQ(card.resident, 1U);
  card.step.open();
  EXPECT_EQ(text_of(read_all(stream)), "0 1 ");
  EXPECT_TRUE(eventually([&] { return card.resident == 0; }));
  EXPECT_EQ(loaded(), "");
}

TEST_F(SchedulerTest, EvictsTheLeastRecentlyUsedModelWhenTheNextDoesNotFit) {
  card.room = 2;
  read_all(scheduler().submit(request("a", 1)));
  read_all(scheduler().submit(request("b", 1)));
  read_all(scheduler().submit(request("a", 1)));
  EXPECT_EQ(text_of(read_all(scheduler().submit(request("c", 1)))), "0 ");
  EXPECT_EQ(loaded(), "a c ");
  EXPECT_EQ(card.loads, 4U);  // a, b, c in vain, c
  card.room = 0;
  EXPECT_EQ(error_of(scheduler().submit(request("d", 1))), ErrorCode::kResourceExhausted);
  EXPECT_EQ(loaded(), "");
  card.room = 1;
  EXPECT_EQ(text_of(read_all(scheduler().submit(request("d", 1)))), "0 ");
}

TEST_F(SchedulerTest, ResetsTheCachesBetweenRequests) {
  read_all(scheduler().submit(request("a", 1)));
  read_all(scheduler().submit(request("b", 1)));
  scheduler().reset_caches();
  EXPECT_TRUE(eventually([&] { return card.resets == 2; }));
}

TEST_F(SchedulerTest, SaysWhyThereIsNoCard) {
  card.on_open = [] { throw Error(ErrorCode::kUnavailable, "There is no card in this machine."); };
  EXPECT_FALSE(scheduler().card_status().available);
  EXPECT_EQ(scheduler().card_status().problem, "There is no card in this machine.");
  for (int i = 0; i < 2; ++i) {
    try {
      scheduler().submit(request("a", 1));
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
      EXPECT_EQ(error.message(), "There is no card in this machine.");
    }
  }
  EXPECT_THROW(scheduler().load(model("a"), {}), Error);
  EXPECT_FALSE(scheduler().unload("x"));
  EXPECT_EQ(card.opened, 1U);  // not again for every request
}

TEST_F(SchedulerTest, OpensTheCardAgainAfterADeviceError) {
  const auto broken = std::make_shared<std::atomic<bool>>(false);
  card.on_step = [broken] {
    if (*broken) {
      throw Error(ErrorCode::kDevice, "The card failed.");
    }
  };
  read_all(scheduler().submit(request("a", 1)));
  *broken = true;
  EXPECT_EQ(error_of(scheduler().submit(request("b", 1))), ErrorCode::kDevice);  // after all recovery
  EXPECT_EQ(card.closed, 1U);
  *broken = false;
  EXPECT_EQ(text_of(read_all(scheduler().submit(request("a", 2)))), "0 1 ");
  EXPECT_EQ(card.opened, 2U);
  EXPECT_TRUE(scheduler().card_status().available);
}

TEST_F(SchedulerTest, TellsWaitingRequestsWhenTheCardStaysAway) {
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  card.on_open = [gone] {
    if (*gone) {
      throw Error(ErrorCode::kUnavailable, "The card is gone.");
    }
  };
  card.on_step = [] { throw Error(ErrorCode::kDevice, "The card failed."); };
  card.step.close();
  const Stream first = scheduler().submit(request("a", 1));
  card.step.wait_for_arrivals(1);
  const Stream second = scheduler().submit(request("a", 1));
  const Stream third = scheduler().submit(request("a", 1));
  *gone = true;
  card.step.open();
  EXPECT_EQ(error_of(first), ErrorCode::kUnavailable);
  EXPECT_EQ(error_of(second), ErrorCode::kUnavailable);
  EXPECT_EQ(error_of(third), ErrorCode::kUnavailable);
  EXPECT_EQ(card.opened, 2U);
  EXPECT_THROW(scheduler().submit(request("a", 1)), Error);
}

TEST_F(SchedulerTest, SurvivesWhateverARequestThrows) {
  const SharedCount starts = shared_count();
  card.on_start = [starts] {
    switch ((*starts)++) {
      case 0:
        throw Error(ErrorCode::kInvalidArgument, "The prompt is longer than the context.");
      case 1:
        throw std::runtime_error("surprise");
      case 2:
        throw 42;  // NOLINT(hicpp-exception-baseclass): anything may come
      default:
        break;
    }
  };
  EXPECT_EQ(error_of(scheduler().submit(request("a", 1))), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_of(scheduler().submit(request("a", 1))), ErrorCode::kInternal);
  EXPECT_EQ(error_of(scheduler().submit(request("a", 1))), ErrorCode::kInternal);
  EXPECT_EQ(text_of(read_all(scheduler().submit(request("a", 1)))), "0 ");
  EXPECT_EQ(card.loads, 1U);
}

TEST_F(SchedulerTest, ReadsPropertiesOnlyWhenIdle) {
  EXPECT_TRUE(eventually([&] { return scheduler().card_status().temperature_celsius.has_value(); }));
  EXPECT_EQ(scheduler().card_status().temperature_celsius, 49.5);
  EXPECT_EQ(scheduler().card_status().cmm_free_bytes, 1U << 30U);
  EXPECT_EQ(scheduler().card_status().device_id, 7);
  card.step.close();
  const Stream stream = scheduler().submit(request("a", 5));
  card.step.wait_for_arrivals(1);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(scheduler().card_status().available);
    card.step.let_pass(1);
  }
  read_all(stream);
  EXPECT_EQ(card.property_reads_while_generating, 0U);
  EXPECT_EQ(card.property_reads, 1U);  // not older than some seconds
}

TEST_F(SchedulerTest, DrainLetsWorkFinish) {
  card.step.close();
  const Stream running = scheduler().submit(request("a", 3));
  card.step.wait_for_arrivals(1);
  const Stream waiting = scheduler().submit(request("a", 2));
  std::thread opener([&] {
    EXPECT_TRUE(eventually([&] {
      try {
        scheduler().submit(request("a", 1))->cancel();
        return false;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
        return true;
      }
    }));
    card.step.open();
  });
  scheduler().drain(20s);
  opener.join();
  EXPECT_EQ(card.closed, 1U);
  EXPECT_EQ(card.resident, 0U);
  EXPECT_EQ(text_of(read_all(running)), "0 1 2 ");
  EXPECT_EQ(text_of(read_all(waiting)), "0 1 ");
  EXPECT_FALSE(scheduler().card_status().available);
  EXPECT_EQ(loaded(), "");
}

TEST_F(SchedulerTest, DrainEndsWhatTakesTooLong) {
  card.on_step = [] { std::this_thread::sleep_for(1ms); };
  const Stream running = scheduler().submit(request("a", -1));
  next(running);
  const Stream waiting = scheduler().submit(request("a", 1));
  scheduler().drain(20ms);
  EXPECT_EQ(error_of(running), ErrorCode::kUnavailable);
  EXPECT_EQ(error_of(waiting), ErrorCode::kUnavailable);
  EXPECT_EQ(card.closed, 1U);
  scheduler().drain(1s);  // again: nothing to do
}

TEST_F(SchedulerTest, DrainEndsALoad) {
  card.layers = 1000000;
  const Stream stream = scheduler().load(model("a"), {});
  card.load_layer.wait_for_arrivals(1);
  scheduler().drain(0s);
  EXPECT_EQ(error_of(stream), ErrorCode::kUnavailable);
}

TEST_F(SchedulerTest, ManyThreadsSubmitReadAndCancel) {
  card.room = 2;
  scheduler();
  constexpr int kThreads = 4;
  std::vector<std::thread> threads;
  std::atomic<int> answered{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string name(1, static_cast<char>('a' + (t + i) % 3));
        const Stream stream = scheduler().submit(request(name, i % 5 == 0 ? -1 : 4, std::to_string(t)));
        if (i % 5 == 0) {
          stream->try_next();
          stream->cancel();
        } else if (i % 7 != 0) {
          EXPECT_EQ(text_of(read_all(stream)), "0 1 2 3 ");
          ++answered;
        }
        scheduler().loaded();
        scheduler().card_status();
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_GT(answered, 100);
  EXPECT_EQ(text_of(read_all(scheduler().submit(request("a", 2)))), "0 1 ");
}

}  // namespace
}  // namespace axllama::serving
