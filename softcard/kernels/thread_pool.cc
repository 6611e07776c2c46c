#include "softcard/kernels/thread_pool.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include <pthread.h>
#include <sched.h>
#include <signal.h>

namespace axllama::softcard {
namespace {

constexpr std::size_t kMaxThreads = 256;
constexpr auto kIdleSpin = std::chrono::milliseconds(1);
constexpr int kSpinsPerYield = 256;
constexpr int kJoinSpinsBeforeYield = 4096;

void relax() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

/// Workers leave signals to the threads of the host program.
class BlockSignals {
 public:
  BlockSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockSignals(const BlockSignals&) = delete;
  BlockSignals& operator=(const BlockSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

std::size_t default_thread_count() {
  if (const char* text = std::getenv("AXLLAMA_SOFTCARD_THREADS"); text != nullptr) {
    std::size_t threads = 0;
    const char* end = text + std::strlen(text);
    const auto [rest, error] = std::from_chars(text, end, threads);
    if (error == std::errc{} && rest == end && threads >= 1 && threads <= kMaxThreads) return threads;
  }
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) == 0) {
    const int count = CPU_COUNT(&allowed);
    if (count > 0) return std::min(static_cast<std::size_t>(count), kMaxThreads);
  }
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMaxThreads);
}

std::shared_ptr<ThreadPool> ThreadPool::shared() {
  static std::mutex mutex;
  static std::weak_ptr<ThreadPool> current;
  const std::lock_guard lock(mutex);
  std::shared_ptr<ThreadPool> pool = current.lock();
  if (!pool) {
    pool = std::make_shared<ThreadPool>(default_thread_count());
    current = pool;
  }
  return pool;
}

ThreadPool::ThreadPool(std::size_t threads) {
  const BlockSignals quiet;
  const std::size_t wanted = std::min(threads, kMaxThreads);
  shares_ = std::make_unique<Share[]>(std::max<std::size_t>(1, wanted));
  workers_.reserve(wanted);
  try {
    for (std::size_t thread = 1; thread < wanted; ++thread) {
      workers_.emplace_back([this, thread] { work_loop(thread); });
    }
  } catch (const std::system_error&) {
    // The system grants no more threads: work with those there are. size() tells.
    workers_.shrink_to_fit();
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(sleep_mutex_);
    stopping_.store(true);
    state_.fetch_add(kNumberStep, std::memory_order_seq_cst);
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run_job(Job job, std::size_t tasks) {
  const std::lock_guard one_job(callers_);
  job_ = job;
  for (std::size_t thread = 0; thread < size(); ++thread) {
    shares_[thread].next.store(thread * tasks / size(), std::memory_order_relaxed);
    shares_[thread].end = (thread + 1) * tasks / size();
  }
  const std::uint64_t number = (state_.load(std::memory_order_relaxed) & kNumber) + kNumberStep;
  // Ordered against sleepers_ (both sequentially consistent): either this thread sees the sleeper, or the
  // sleeper sees the new job before it sleeps.
  state_.store(number | kOpen, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst) != 0) {
    const std::lock_guard lock(sleep_mutex_);
    wake_.notify_all();
  }
  work_on_job(0);
  state_.fetch_and(~kOpen, std::memory_order_relaxed);
  for (int spins = 0; (state_.load(std::memory_order_acquire) & kJoined) != 0; ++spins) {
    if (spins < kJoinSpinsBeforeYield) {
      relax();
    } else {
      ::sched_yield();
    }
  }
}

std::uint64_t ThreadPool::wait_for_job(std::uint64_t seen) {
  const auto number = [this](std::memory_order order) { return state_.load(order) & kNumber; };
  const auto deadline = std::chrono::steady_clock::now() + kIdleSpin;
  do {
    for (int spin = 0; spin < kSpinsPerYield; ++spin) {
      if (const std::uint64_t now = number(std::memory_order_relaxed); now != seen) return now;
      relax();
    }
    ::sched_yield();  // costs little when nobody else wants the processor
  } while (std::chrono::steady_clock::now() < deadline);

  std::unique_lock lock(sleep_mutex_);
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
  wake_.wait(lock, [&] { return number(std::memory_order_seq_cst) != seen; });
  sleepers_.fetch_sub(1, std::memory_order_relaxed);
  return number(std::memory_order_relaxed);
}

bool ThreadPool::join(std::uint64_t number) {
  std::uint64_t state = state_.load(std::memory_order_relaxed);
  while ((state & ~kJoined) == (number | kOpen)) {
    // What the caller wrote before it opened the job is seen from here on.
    if (state_.compare_exchange_weak(state, state + 1, std::memory_order_acquire,
                                     std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void ThreadPool::work_on_job(std::size_t thread) {
  const Job job = job_;
  for (std::size_t i = 0; i < size(); ++i) {
    Share& share = shares_[(thread + i) % size()];
    while (true) {
      const std::size_t task = share.next.fetch_add(1, std::memory_order_relaxed);
      if (task >= share.end) break;
      job.call(job.context, task, thread);
    }
  }
}

void ThreadPool::work_loop(std::size_t thread) {
  std::uint64_t seen = 0;
  while (true) {
    seen = wait_for_job(seen);
    if (stopping_.load()) return;
    if (!join(seen)) continue;
    work_on_job(thread);
    state_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace axllama::softcard
