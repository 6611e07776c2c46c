#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/error.h"
#include "serving/event_channel.h"

namespace axllama::serving {

/// The answers that a lane is recovering, and until when: kRecoveryPatience after the first of several
/// failures in a row. The lane ends those that are late itself, between two calls; while it waits for a call,
/// another thread tells their readers. That is the last event of their channel, so whatever the lane sends
/// later is not taken, and it ends them when it sees the channel closed. All times are those of one clock.
/// Thread-safe.
class LateAnswers {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr TimePoint kNever = TimePoint::max();

  /// An answer has failed, or its card or model has, and is off the card.
  void failed(std::uint64_t id, std::shared_ptr<EventChannel> channel, std::string problem, TimePoint now);
  /// It is on the card again: no longer late by itself, but each call it waits for should be back within
  /// kRecoveryPatience, until it goes on.
  void ready(std::uint64_t id);
  /// It goes on, or has ended.
  void remove(std::uint64_t id);

  /// Whether its time is over.
  bool is_late(std::uint64_t id, TimePoint now) const;
  /// What its reader gets then; for any other id without the failure that led to it.
  base::Error error_for(std::uint64_t id) const;

  /// A call begins. Returns when tell() is due, should it still be out then.
  TimePoint begin_call(TimePoint now);
  /// Tells the readers of those whose time is over while the call is out. Returns when it is due again.
  TimePoint tell(TimePoint now);

 private:
  struct Answer {
    std::shared_ptr<EventChannel> channel;
    std::string problem;  // the last failure
    TimePoint recover_by;
    TimePoint tell_at;  // if the call that has begun is still out
    bool ready = false;
  };

  TimePoint next() const;

  mutable std::mutex mutex_;
  std::map<std::uint64_t, Answer> answers_;
};

}  // namespace axllama::serving
