#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace axllama::softcard {

/// A queue of work for the card, done in order by one thread of its own. Submitting never waits; what goes
/// wrong is told at the next synchronisation. Any thread may submit and synchronise.
class Stream {
 public:
  /// Returns the code of its failure, 0 for success. Must not throw. The token is stopped when the stream is
  /// destroyed by force; long tasks watch it.
  using Task = std::function<std::int32_t(const std::stop_token&)>;

  /// When a task is done; all but the first are misbehaviour, as a fault may want it.
  enum class Order {
    kInTurn,
    kAfterNext,  // behind the task submitted next; at the latest when the stream is waited for
    kUnawaited,  // nobody waits for it, and it is done only when the next task has been submitted
  };

  Stream();
  /// Drops what has not begun and waits for what has.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// False when the stream has been closed.
  bool submit(Task task, Order order = Order::kInTurn);

  enum class Wait { kDone, kTimedOut };
  /// Waits until everything submitted before this call is done; `timeout_ms` below 0 waits for ever.
  Wait synchronize(std::int32_t timeout_ms);
  /// First failure since the last call, 0 when there was none; forgets it.
  std::int32_t take_error();

  /// Refuses further work. With `drain` waits for what is queued, without it drops that and stops what runs.
  void close(bool drain);

 private:
  /// A task that is not yet in the queue.
  struct Held {
    Task task;
    Order order = Order::kAfterNext;
  };

  void work(const std::stop_token& stop);
  void queue_held();

  std::mutex mutex_;
  std::condition_variable_any work_ready_;
  std::condition_variable progress_;
  std::deque<Task> queue_;
  std::optional<Held> held_;
  std::uint64_t submitted_ = 0;
  std::uint64_t finished_ = 0;
  std::int32_t error_ = 0;
  bool closed_ = false;
  std::jthread worker_;
};

/// A point in a stream that other streams can wait for. Any thread.
class Event {
 public:
  /// The number of the recording begun here; pass it to complete() when the stream gets there.
  std::uint64_t begin_record();
  void complete(std::uint64_t record);
  std::uint64_t last_record() const;
  /// Waits for a recording; 0 has always happened. False on timeout (below 0: never) or stop.
  bool wait(std::uint64_t record, std::int32_t timeout_ms, const std::stop_token& stop);

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t begun_ = 0;
  std::uint64_t completed_ = 0;
};

}  // namespace axllama::softcard
