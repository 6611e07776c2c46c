#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "axcl/abi.h"
#include "axcl/card.h"
#include "axcl/errors.h"

namespace axllama::axcl {

/// What a Card shares with the buffers and models made from it: they outlive it without harm, as the card's
/// reset frees everything. Private to this room.
struct CardState {
  std::shared_ptr<Runtime> runtime;
  const Abi* abi = nullptr;
  std::int32_t device_id = -1;
  std::thread::id owner;
  AxclContext context = nullptr;
  bool own_context = false;  // created by us, not the device's default one
  bool own_engine = false;   // EngineInit succeeded, so EngineFinalize is due
  bool open = false;
  CallCounters counters;

  /// Throws Error (kInternal) naming the call unless this is the owner thread and the card is open.
  void check_owner(const char* call) const;

  /// Makes one round trip to the card and counts it. `function` returns an AXCL code, which is returned.
  template <typename Function>
  AxclError remote(const char* call, Function&& function) {
    check_owner(call);
    return count(std::forward<Function>(function));
  }

  /// Waits for a stream: timed like a call, but counted apart.
  template <typename Function>
  AxclError wait(Function&& function) {
    check_owner("synchronise");
    counters.waits += 1;
    return timed(std::forward<Function>(function));
  }

  /// For destructors, which cannot throw: the call is made only where it is safe, and its outcome is ignored.
  template <typename Function>
  void release(Function&& function) noexcept {
    if (open && std::this_thread::get_id() == owner) count(std::forward<Function>(function));
  }

 private:
  template <typename Function>
  AxclError count(Function&& function) {
    counters.remote_calls += 1;
    return timed(std::forward<Function>(function));
  }

  template <typename Function>
  AxclError timed(Function&& function) {
    const auto start = std::chrono::steady_clock::now();
    const AxclError code = std::forward<Function>(function)();
    const auto spent = std::chrono::steady_clock::now() - start;
    counters.nanoseconds_in_calls +=
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(spent).count());
    return code;
  }
};

/// Throws Error (kInternal) naming `call` and both sizes unless they are equal. Private to this room.
void check_sizes(const char* call, std::size_t dst, std::size_t src);

}  // namespace axllama::axcl
