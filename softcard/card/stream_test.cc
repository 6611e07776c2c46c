#include "softcard/card/stream.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace axllama::softcard {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(StreamTest, KeepsOrder) {
  Stream stream;
  std::vector<int> order;
  for (int task = 0; task < 100; ++task) {
    stream.submit([&order, task](const std::stop_token&) {
      order.push_back(task);
      return 0;
    });
  }
  EXPECT_EQ(stream.synchronize(-1), Stream::Wait::kDone);
  ASSERT_EQ(order.size(), 100U);
  for (int task = 0; task < 100; ++task) {
    EXPECT_EQ(order[static_cast<std::size_t>(task)], task);
  }
}

TEST(StreamTest, TellsTheFirstFailureOnceAndGoesOn) {
  Stream stream;
  int done = 0;
  for (const int result : {0, 7, 8, 0}) {
    stream.submit([&done, result](const std::stop_token&) {
      ++done;
      return result;
    });
  }
  stream.synchronize(-1);
  EXPECT_EQ(done, 4);
  EXPECT_EQ(stream.take_error(), 7);
  EXPECT_EQ(stream.take_error(), 0);
}

TEST(StreamTest, SynchronizeTimesOutWhileWorkGoesOn) {
  Stream stream;
  std::atomic<bool> go{false};
  stream.submit([&](const std::stop_token&) {
    while (!go) {
      std::this_thread::sleep_for(milliseconds(1));
    }
    return 0;
  });
  EXPECT_EQ(stream.synchronize(0), Stream::Wait::kTimedOut);
  EXPECT_EQ(stream.synchronize(20), Stream::Wait::kTimedOut);
  go = true;
  EXPECT_EQ(stream.synchronize(-1), Stream::Wait::kDone);
}

TEST(StreamTest, SubmittingDoesNotWait) {
  Stream stream;
  const auto begin = steady_clock::now();
  stream.submit([](const std::stop_token&) {
    std::this_thread::sleep_for(milliseconds(200));
    return 0;
  });
  EXPECT_LT(steady_clock::now() - begin, milliseconds(150));
  stream.synchronize(-1);
  EXPECT_GE(steady_clock::now() - begin, milliseconds(200));
}

TEST(StreamTest, DrainingFinishesTheQueueAndForceDropsIt) {
  for (const bool drain : {true, false}) {
    std::atomic<int> done{0};
    std::atomic<bool> started{false};
    Stream stream;
    stream.submit([&](const std::stop_token& stop) {
      started = true;
      for (int wait = 0; wait < 100 && !stop.stop_requested(); ++wait) {
        std::this_thread::sleep_for(milliseconds(1));
      }
      ++done;
      return 0;
    });
    stream.submit([&](const std::stop_token&) {
      ++done;
      return 0;
    });
    while (!started) {
      std::this_thread::yield();
    }
    stream.close(drain);
    EXPECT_EQ(done, drain ? 2 : 1);
    EXPECT_FALSE(stream.submit([](const std::stop_token&) { return 0; }));
  }
}

/// Numbers its tasks and notes in which order they are done.
class OrderOfWork {
 public:
  void submit(Stream::Order order) {
    stream.submit(
        [this, number = ++submitted_](const std::stop_token&) {
          done_.push_back(number);
          return 0;
        },
        order);
  }
  /// After waiting for the stream.
  const std::vector<int>& done() {
    EXPECT_EQ(stream.synchronize(-1), Stream::Wait::kDone);
    return done_;
  }

  Stream stream;

 private:
  int submitted_ = 0;
  std::vector<int> done_;
};

TEST(StreamTest, ATaskCanBeLetPass) {
  OrderOfWork work;
  for (const auto order :
       {Stream::Order::kInTurn, Stream::Order::kAfterNext, Stream::Order::kInTurn, Stream::Order::kInTurn}) {
    work.submit(order);
  }
  EXPECT_EQ(work.done(), (std::vector{1, 3, 2, 4}));
  work.submit(Stream::Order::kAfterNext);
  EXPECT_EQ(work.done(), (std::vector{1, 3, 2, 4, 5})) << "nothing comes to be let pass";
  for (int i = 0; i < 4; ++i) work.submit(Stream::Order::kAfterNext);
  EXPECT_EQ(work.done(), (std::vector{1, 3, 2, 4, 5, 7, 6, 9, 8}));
}

TEST(StreamTest, ATaskCanBeLeftWhenTheStreamIsWaitedFor) {
  OrderOfWork work;
  work.submit(Stream::Order::kInTurn);
  work.submit(Stream::Order::kUnawaited);
  EXPECT_EQ(work.done(), (std::vector{1}));
  work.submit(Stream::Order::kInTurn);
  EXPECT_EQ(work.done(), (std::vector{1, 2, 3}));
  work.submit(Stream::Order::kUnawaited);
  work.submit(Stream::Order::kUnawaited);
  EXPECT_EQ(work.done(), (std::vector{1, 2, 3, 4}));
  work.stream.close(true);
  EXPECT_EQ(work.done(), (std::vector{1, 2, 3, 4})) << "what nobody waited for goes with the stream";
}

TEST(EventTest, OrdersTwoStreams) {
  Stream first;
  Stream second;
  Event event;
  std::atomic<bool> written{false};
  bool seen = false;
  first.submit([&](const std::stop_token&) {
    std::this_thread::sleep_for(milliseconds(30));
    written = true;
    return 0;
  });
  const auto record = event.begin_record();
  first.submit([&, record](const std::stop_token&) {
    event.complete(record);
    return 0;
  });
  second.submit([&, awaited = event.last_record()](const std::stop_token& stop) {
    const bool happened = event.wait(awaited, -1, stop);
    seen = written;
    return happened ? 0 : 1;
  });
  second.synchronize(-1);
  EXPECT_TRUE(seen);
  EXPECT_EQ(second.take_error(), 0);
}

TEST(EventTest, NeverRecordedHasHappenedAndTimeoutsEnd) {
  Event event;
  EXPECT_TRUE(event.wait(event.last_record(), 0, {}));
  const auto record = event.begin_record();
  EXPECT_FALSE(event.wait(record, 10, {}));
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(event.wait(record, -1, stop.get_token()));
}

}  // namespace
}  // namespace axllama::softcard
