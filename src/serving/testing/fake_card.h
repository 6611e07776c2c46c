#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "serving/backend.h"

namespace axllama::serving {

/// Lets a thread pass a given number of times; open from the start.
class Gate {
 public:
  void close() { set(0); }
  void open() { set(std::nullopt); }
  void let_pass(std::size_t times);
  /// Waits until at least `times` threads have come to the gate since the beginning.
  void wait_for_arrivals(std::size_t times);
  std::size_t arrivals() const;
  void pass();

 private:
  void set(std::optional<std::size_t> passes);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::size_t> passes_;  // unset: open
  std::size_t arrivals_ = 0;
};

/// What a test wants to happen at a place of the card; may be set at any time, also by a hook. The lane may
/// still run while the body of a test has ended: what a hook captures has to live as long as the card, so
/// counters are shared and captured by value.
class Hook {
 public:
  Hook& operator=(std::function<void()> action) {
    const std::lock_guard lock(mutex_);
    action_ = std::move(action);
    return *this;
  }
  void operator()() {
    std::function<void()> action;
    {
      const std::lock_guard lock(mutex_);
      action = action_;
    }
    if (action) {
      action();
    }
  }

 private:
  std::mutex mutex_;
  std::function<void()> action_;
};

/// A number that a hook counts with.
using SharedCount = std::shared_ptr<std::atomic<int>>;
inline SharedCount shared_count() {
  return std::make_shared<std::atomic<int>>(0);
}

/// A card whose models answer with the tokens 0, 1, 2, ... as many as max_tokens says; what happens when is
/// up to the test. One object stands for the hardware: it outlives what is opened on it.
struct FakeCard {
  BackendFactory factory();

  // Set by tests.
  std::atomic<std::size_t> room{8};  // models that fit
  std::atomic<std::size_t> layers{3};
  std::atomic<std::size_t> slots{1};        // of each model
  std::atomic<std::size_t> idle_work{0};    // pieces
  std::atomic<bool> spare_memory{false};    // takes the room of a model
  std::atomic<bool> same_vocabulary{true};  // of drafts
  std::atomic<bool> guesses{true};          // of drafts are used
  Gate step;                                // before each step of a generation
  Gate load_layer;                          // before each layer
  Hook on_open;                             // may throw, as the others
  Hook on_start;
  Hook on_step;
  Hook on_resume;

  // Seen by tests.
  std::atomic<std::size_t> opened{0};
  std::atomic<std::size_t> closed{0};
  std::atomic<std::size_t> loads{0};
  std::atomic<std::size_t> resident{0};
  std::atomic<std::size_t> resets{0};
  std::atomic<std::size_t> drafts{0};  // that guess
  std::atomic<std::size_t> property_reads{0};
  std::atomic<std::size_t> property_reads_while_generating{0};
  std::atomic<std::size_t> generations{0};
  std::atomic<std::size_t> resumed{0};
  std::atomic<std::size_t> cancelled_generations{0};
  std::atomic<std::size_t> active_generations{0};
  std::atomic<bool> wrong_thread{false};
  std::atomic<bool> at_work{false};                  // a step has begun and is not awaited yet
  std::atomic<bool> disturbed{false};                // asked for anything else meanwhile
  std::atomic<std::size_t> finished_beside_work{0};  // steps finished on the host while the card was at work

  /// Every call must come from the thread that opened the card.
  void check_thread();
  /// And none while the card is at work.
  void check_undisturbed();
  std::thread::id owner;
};

}  // namespace axllama::serving
