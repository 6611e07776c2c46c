#include "softcard/kernels/thread_pool.h"

#include <chrono>
#include <numeric>

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

namespace axllama::softcard {
namespace {

double process_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

TEST(ThreadPoolTest, HandsOutEveryTaskOnceHoweverManyThreadsComeInTime) {
  for (const std::size_t threads : {0U, 1U, 2U, 5U}) {
    ThreadPool pool(threads);
    ASSERT_EQ(pool.size(), threads == 0 ? 1U : threads);
    for (int round = 0; round < 100; ++round) {
      for (const std::size_t tasks : {0U, 1U, 2U, 7U, 100U}) {
        std::vector<int> done(tasks, 0);
        std::vector<std::size_t> by_thread(pool.size(), 0);
        pool.for_each(tasks, [&](std::size_t task, std::size_t thread) {
          ++done[task];
          ++by_thread.at(thread);
        });
        for (const int count : done) ASSERT_EQ(count, 1);
        EXPECT_EQ(std::accumulate(by_thread.begin(), by_thread.end(), std::size_t{0}), tasks);
      }
    }
  }
}

TEST(ThreadPoolTest, TheCallerHelpsAThreadThatIsHeldUp) {
  ThreadPool pool(2);
  std::atomic<std::size_t> others{0};
  std::atomic<bool> held{false};
  pool.for_each(100, [&](std::size_t, std::size_t thread) {
    others.fetch_add(1);
    if (thread == 0) return;
    // The first task of the other thread, if it comes at all, ends when the caller has done the other 99.
    if (!held.exchange(true)) {
      while (others.load() < 100) std::this_thread::yield();
    }
  });
  EXPECT_EQ(others.load(), 100U);
}

TEST(ThreadPoolTest, SleepsWhenIdleAndWakesAgain) {
  ThreadPool pool(2);
  std::atomic<int> total{0};
  for (int round = 0; round < 5; ++round) {
    pool.for_each(2, [&](std::size_t, std::size_t) { total.fetch_add(1); });
    const double before = process_cpu_seconds();
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    EXPECT_LT(process_cpu_seconds() - before, 0.03) << "an idle worker must not spin on";
  }
  EXPECT_EQ(total.load(), 10);
}

TEST(ThreadPoolTest, ServesCallersFromSeveralThreads) {
  ThreadPool pool(2);
  std::atomic<int> total{0};
  std::vector<std::thread> callers;
  callers.reserve(3);
  for (int caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 300; ++round)
        pool.for_each(4, [&](std::size_t, std::size_t) { total.fetch_add(1); });
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(total.load(), 3 * 300 * 4);
}

TEST(ThreadPoolTest, SharedPoolLivesWhileHeld) {
  const std::shared_ptr<ThreadPool> one = ThreadPool::shared();
  EXPECT_EQ(one, ThreadPool::shared());
  EXPECT_EQ(one->size(), default_thread_count());
}

TEST(ThreadPoolTest, ThreadCountComesFromTheEnvironmentWhenSensible) {
  ::unsetenv("AXLLAMA_SOFTCARD_THREADS");
  const std::size_t processors = default_thread_count();
  EXPECT_GE(processors, 1U);
  ::setenv("AXLLAMA_SOFTCARD_THREADS", "3", 1);
  EXPECT_EQ(default_thread_count(), 3U);
  for (const char* nonsense : {"", "0", "-1", "many", "257", "3x"}) {
    ::setenv("AXLLAMA_SOFTCARD_THREADS", nonsense, 1);
    EXPECT_EQ(default_thread_count(), processors) << nonsense;
  }
  ::unsetenv("AXLLAMA_SOFTCARD_THREADS");
}

}  // namespace
}  // namespace axllama::softcard
