#include "softcard/card/context.h"

namespace axllama::softcard {

std::shared_ptr<CardStream> Context::default_stream() {
  const std::scoped_lock lock(mutex_);
  if (!default_stream_) {
    default_stream_ = std::make_shared<CardStream>(device_);
  }
  return default_stream_;
}

std::shared_ptr<CardStream> Context::existing_default_stream() const {
  const std::scoped_lock lock(mutex_);
  return default_stream_;
}

}  // namespace axllama::softcard
