#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "serving/backend.h"
#include "tests/support/gate.h"

namespace axllama::serving {

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
  std::atomic<std::size_t> slots{1};           // of each model
  std::atomic<std::size_t> idle_work{0};       // pieces
  std::atomic<bool> spare_memory{false};       // takes the room of a model
  std::atomic<bool> same_vocabulary{true};     // of drafts
  std::atomic<bool> guesses{true};             // of drafts are used
  std::atomic<std::size_t> awaited_prompt{0};  // tokens of prompts that wait for a disk; 0: none do
  testing::Gate step;                          // before each step of a generation
  testing::Gate load_layer;                    // before each layer
  std::atomic<std::size_t> unknown_costs{0};   // of each model that is loaded
  testing::Gate measure;                       // before each of them is measured
  Hook on_open;                                // may throw, as the others
  Hook on_start;
  Hook on_step;
  Hook on_resume;
  Hook wake;  // set by whoever drives the card: something waits no more

  // Seen by tests.
  std::atomic<std::size_t> opened{0};
  std::atomic<std::size_t> closed{0};
  std::atomic<std::size_t> loads{0};
  std::atomic<std::size_t> measured{0};  // calls
  std::atomic<std::size_t> resident{0};
  std::atomic<std::size_t> resets{0};
  std::atomic<bool> had_no_work{false};  // when asked for idle work last
  std::atomic<std::size_t> drafts{0};    // that guess
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
