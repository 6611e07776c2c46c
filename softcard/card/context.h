#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "softcard/card/device.h"
#include "softcard/card/stream.h"

namespace axllama::softcard {

/// A stream as the interface sees it: a queue on a card, made in a context.
struct CardStream {
  explicit CardStream(std::shared_ptr<Device> on) : device(std::move(on)) {}

  std::shared_ptr<Device> device;
  Stream queue;
};

/// What a thread must have bound to use a card. Any thread.
class Context {
 public:
  Context(std::shared_ptr<Device> device, bool is_default)
      : device_(std::move(device)), is_default_(is_default) {}

  Device& device() const noexcept { return *device_; }
  const std::shared_ptr<Device>& shared_device() const noexcept { return device_; }
  bool is_default() const noexcept { return is_default_; }

  /// The stream that stands behind a null stream; made when first asked for.
  std::shared_ptr<CardStream> default_stream();
  /// The same, null when nobody asked for it.
  std::shared_ptr<CardStream> existing_default_stream() const;

 private:
  std::shared_ptr<Device> device_;
  bool is_default_;
  mutable std::mutex mutex_;
  std::shared_ptr<CardStream> default_stream_;
};

}  // namespace axllama::softcard
