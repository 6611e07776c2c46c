#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include "serving/service.h"

namespace axllama::serving {

/// The queue of events between the lane and one reader. Thread-safe. The writer never waits: a reader that
/// falls behind by more than `capacity` events loses its request with an error.
class EventChannel {
 public:
  explicit EventChannel(std::size_t capacity) : capacity_(capacity) {}

  /// Lane side. False when the event was not taken because the channel is closed or has just overflowed:
  /// nobody will read further events. A done event or an error closes the channel.
  bool push(ResponseEvent event);
  bool cancelled() const;
  /// The last event has been pushed, be it by another thread.
  bool closed() const;

  /// Reader side; see ResponseStream. The callback runs while the channel is locked: it must not call the
  /// channel.
  std::optional<ResponseEvent> try_next();
  std::optional<ResponseEvent> next(std::chrono::milliseconds timeout);
  void on_readable(std::function<void()> callback);
  /// True when this was the first cancellation and the channel is still open.
  bool cancel();
  /// The reader goes away: no callback is made after this returns.
  void detach();

 private:
  std::optional<ResponseEvent> take();
  void append(ResponseEvent event);

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable readable_;
  std::deque<ResponseEvent> events_;
  std::function<void()> callback_;
  bool closed_ = false;  // the last event has been pushed
  bool cancelled_ = false;
};

}  // namespace axllama::serving
