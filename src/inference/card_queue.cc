#include "inference/card_queue.h"

#include "axcl/selftest.h"
#include "base/error.h"

namespace axllama::inference {

CardQueue::CardQueue(axcl::Card& card, bool asynchronous) : card_(card) {
  if (asynchronous) {
    stream_ = std::make_unique<axcl::Stream>(card);
  }
}

/// No more is given to a card at once than it was seen to do right.
void CardQueue::make_room() {
  if (stream_->pending() >= axcl::kProvenInStream) {
    stream_->synchronise();
  }
}

void CardQueue::upload(axcl::DeviceSpan dst, std::span<const std::byte> src) {
  if (!stream_) {
    card_.upload(dst, src);
    return;
  }
  make_room();
  stream_->upload(dst, src);
}

void CardQueue::download(std::span<std::byte> dst, axcl::DeviceSpan src) {
  if (!stream_) {
    card_.download(dst, src);
    return;
  }
  make_room();
  stream_->download(dst, src);
}

void CardQueue::copy(axcl::DeviceSpan dst, axcl::DeviceSpan src) {
  if (!stream_) {
    card_.copy(dst, src);
    return;
  }
  make_room();
  stream_->copy(dst, src);
}

void CardQueue::execute(axcl::IoBinding& binding) {
  if (!stream_) {
    binding.execute();
    return;
  }
  make_room();
  stream_->execute(binding);
}

void CardQueue::wait() {
  if (stream_ && stream_->pending() > 0) {
    stream_->synchronise();
  }
}

bool CardQueue::settle() noexcept {
  try {
    wait();
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace axllama::inference
