#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace axllama::softcard {

/// Fork and join for kernels: the caller works as thread 0 beside size() - 1 own threads. Those spin for
/// about a millisecond after the last job and then sleep, so that a decode step pays no wake-up and an idle
/// server no CPU. A thread that comes late, because it slept or its processor was taken away, takes what is
/// left; nobody waits for a thread that took nothing. Jobs of several callers run one after the other, so
/// that several models never keep more threads busy than one. Work functions must not throw and must not
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

  /// Calls work(task, thread) once for every task in [0, tasks), thread in [0, size()), and returns when all
  /// are done. Each thread begins with a share of neighbouring tasks, in ascending order, so that it reads
  /// neighbouring memory, and then helps with the others' shares.
  template <typename Work>
  void for_each(std::size_t tasks, const Work& work) {
    if (tasks <= 1 || workers_.empty()) {
      for (std::size_t task = 0; task < tasks; ++task) work(task, std::size_t{0});
      return;
    }
    run_job({[](const void* context, std::size_t task, std::size_t thread) {
               (*static_cast<const Work*>(context))(task, thread);
             },
             &work},
            tasks);
  }

 private:
  struct Job {
    void (*call)(const void* context, std::size_t task, std::size_t thread) = nullptr;
    const void* context = nullptr;
  };
  /// Tasks from `next` to `end` are not yet taken.
  struct alignas(64) Share {
    std::atomic<std::size_t> next{0};
    std::size_t end = 0;
  };

  // state_: the number of the job, whether threads may still join it, and how many did and have not finished.
  static constexpr std::uint64_t kJoined = (std::uint64_t{1} << 16U) - 1;
  static constexpr std::uint64_t kOpen = std::uint64_t{1} << 16U;
  static constexpr std::uint64_t kNumberStep = std::uint64_t{1} << 17U;
  static constexpr std::uint64_t kNumber = ~(kJoined | kOpen);

  void run_job(Job job, std::size_t tasks);
  void work_loop(std::size_t thread);
  /// Waits, first spinning and then asleep, until a job other than `seen` exists; returns its number.
  std::uint64_t wait_for_job(std::uint64_t seen);
  /// Whether the caller of this job now waits for this thread too.
  bool join(std::uint64_t number);
  /// Does what is left of the job.
  void work_on_job(std::size_t thread);

  std::mutex callers_;  // held for the length of one job

  // Written by the caller before it opens a job, when nobody is joined; read by threads that joined.
  Job job_;
  std::unique_ptr<Share[]> shares_;  // [size()]

  std::atomic<bool> stopping_{false};
  alignas(64) std::atomic<std::uint64_t> state_{0};
  alignas(64) std::atomic<std::size_t> sleepers_{0};
  std::mutex sleep_mutex_;
  std::condition_variable wake_;

  std::vector<std::thread> workers_;
};

/// Number of threads shared() starts with: AXLLAMA_SOFTCARD_THREADS if it is a number in [1, 256], else the
/// number of processors this process may run on.
std::size_t default_thread_count();

}  // namespace axllama::softcard
