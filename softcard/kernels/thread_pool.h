#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace axllama::softcard {

/// Fork and join for kernels: the caller works as thread 0 beside size() - 1 own threads. Those spin for
/// about a millisecond after the last job and then sleep, so that a decode step pays no wake-up and an idle
/// server no CPU. Jobs of several callers run one after the other. Work functions must not throw and must not
/// start jobs.
class ThreadPool {
 public:
  /// `threads` counts the caller; 0 and 1 both mean that everything runs in the caller.
  explicit ThreadPool(std::size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// The process-wide pool: as many threads as the process may use processors, or AXLLAMA_SOFTCARD_THREADS
  /// (1..256). Its threads live as long as somebody holds the pointer.
  static std::shared_ptr<ThreadPool> shared();

  std::size_t size() const noexcept { return workers_.size() + 1; }

  /// Calls work(thread) once on every thread, thread in [0, size()), and returns when all have finished.
  template <typename Work>
  void run(const Work& work) {
    run_job({[](const void* context, std::size_t thread) { (*static_cast<const Work*>(context))(thread); },
             &work});
  }

  /// Calls work(task, thread) for every task in [0, tasks), handed out in ascending order to whichever thread
  /// is free.
  template <typename Work>
  void for_each(std::size_t tasks, const Work& work) {
    if (tasks == 0) return;
    if (tasks == 1 || workers_.empty()) {
      for (std::size_t task = 0; task < tasks; ++task) work(task, std::size_t{0});
      return;
    }
    std::atomic<std::size_t> next{0};
    run([&](std::size_t thread) {
      for (std::size_t task = next.fetch_add(1, std::memory_order_relaxed); task < tasks;
           task = next.fetch_add(1, std::memory_order_relaxed)) {
        work(task, thread);
      }
    });
  }

 private:
  struct Job {
    void (*call)(const void* context, std::size_t thread) = nullptr;
    const void* context = nullptr;
  };

  void run_job(Job job);
  void work_loop(std::size_t thread);
  /// Waits, first spinning and then asleep, until a job newer than `seen` exists; returns its number.
  std::uint32_t wait_for_job(std::uint32_t seen);

  std::mutex callers_;  // held for the length of one job

  // Written by the caller before it advances epoch_, read by workers after they saw it advance.
  Job job_;
  bool stopping_ = false;

  alignas(64) std::atomic<std::uint32_t> epoch_{0};
  alignas(64) std::atomic<std::size_t> unfinished_{0};
  alignas(64) std::atomic<std::size_t> sleepers_{0};
  std::mutex sleep_mutex_;
  std::condition_variable wake_;

  std::vector<std::thread> workers_;
};

/// Number of threads shared() starts with: AXLLAMA_SOFTCARD_THREADS if it is a number in [1, 256], else the
/// number of processors this process may run on.
std::size_t default_thread_count();

}  // namespace axllama::softcard
