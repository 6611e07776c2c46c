#include "axcl/device_memory.h"

#include <string>
#include <utility>

#include "axcl/card.h"
#include "axcl/card_state.h"
#include "base/error.h"

namespace axllama::axcl {
namespace {

using base::Error;
using base::ErrorCode;

[[noreturn]] void throw_allocation_error(const char* kind, std::size_t size, AxclError code) {
  throw Error(ErrorCode::kResourceExhausted, std::string("The ") + kind + " has no " + std::to_string(size) +
                                                 " bytes left: " + describe_axcl_error(code) + ".");
}

}  // namespace

DeviceSpan DeviceSpan::subspan(std::size_t offset, std::size_t length) const {
  if (offset > size || length > size - offset) {
    throw Error(ErrorCode::kInternal, "Bytes " + std::to_string(offset) + " to " + std::to_string(offset) +
                                          "+" + std::to_string(length) + " lie outside a card buffer of " +
                                          std::to_string(size) + " bytes.");
  }
  return {address + offset, length};
}

DeviceBuffer::DeviceBuffer(Card& card, std::size_t size) : card_(card.state_), size_(size) {
  if (size == 0) throw Error(ErrorCode::kInternal, "A card buffer of 0 bytes was asked for.");
  void* memory = nullptr;
  const AxclError code = card_->remote(
      "DeviceBuffer", [&] { return card_->abi->axclrtMalloc(&memory, size, MallocPolicy::kHugeFirst); });
  if (code != kAxclSuccess || memory == nullptr) {
    if (axcl_error("", code).code() == ErrorCode::kUnavailable)
      throw axcl_error("Allocating card memory failed", code);
    throw_allocation_error("card", size, code);
  }
  address_ = reinterpret_cast<std::uint64_t>(memory);
}

DeviceBuffer::~DeviceBuffer() {
  release();
}

DeviceBuffer::DeviceBuffer(DeviceBuffer&& other) noexcept
    : card_(std::move(other.card_)),
      address_(std::exchange(other.address_, 0)),
      size_(std::exchange(other.size_, 0)) {}

DeviceBuffer& DeviceBuffer::operator=(DeviceBuffer&& other) noexcept {
  if (this != &other) {
    release();
    card_ = std::move(other.card_);
    address_ = std::exchange(other.address_, 0);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void DeviceBuffer::release() noexcept {
  if (card_ != nullptr && address_ != 0) {
    card_->release([this] { return card_->abi->axclrtFree(device_pointer(address_)); });
  }
  card_.reset();
  address_ = 0;
  size_ = 0;
}

HostBuffer::HostBuffer(Card& card, std::size_t size) : card_(card.state_), size_(size) {
  if (size == 0) throw Error(ErrorCode::kInternal, "A host buffer of 0 bytes was asked for.");
  card_->check_owner("HostBuffer");
  void* memory = nullptr;
  const AxclError code = card_->abi->axclrtMallocHost(&memory, size);
  if (code != kAxclSuccess || memory == nullptr) throw_allocation_error("host", size, code);
  data_ = static_cast<std::byte*>(memory);
}

HostBuffer::~HostBuffer() {
  release();
}

HostBuffer::HostBuffer(HostBuffer&& other) noexcept
    : card_(std::move(other.card_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

HostBuffer& HostBuffer::operator=(HostBuffer&& other) noexcept {
  if (this != &other) {
    release();
    card_ = std::move(other.card_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void HostBuffer::release() noexcept {
  // Host memory is not freed by the card's reset and needs no context.
  if (card_ != nullptr && data_ != nullptr) card_->abi->axclrtFreeHost(data_);
  card_.reset();
  data_ = nullptr;
  size_ = 0;
}

}  // namespace axllama::axcl
