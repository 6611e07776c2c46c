#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace axllama::axcl {

class Card;
struct CardState;

/// A range of card memory. The address is a card address: never dereferenced on the host.
struct DeviceSpan {
  std::uint64_t address = 0;
  std::size_t size = 0;

  /// The part [offset, offset + length). Throws Error (kInternal) when it reaches beyond this span.
  DeviceSpan subspan(std::size_t offset, std::size_t length) const;
};

/// Owns one block of card memory, with whatever content the card had there; freed on destruction. Belongs to
/// the card's owner thread; once the Card is gone the block is gone too.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  DeviceBuffer(Card& card, std::size_t size);  // throws Error (kResourceExhausted) naming the bytes asked for
  ~DeviceBuffer();
  DeviceBuffer(DeviceBuffer&& other) noexcept;
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept;
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;

  DeviceSpan span() const noexcept { return {address_, size_}; }
  std::size_t size() const noexcept { return size_; }

 private:
  void release() noexcept;

  std::shared_ptr<CardState> card_;
  std::uint64_t address_ = 0;
  std::size_t size_ = 0;
};

/// Owns host memory from the runtime's allocator (the fast path for copies). Same lifetime rule as
/// DeviceBuffer.
class HostBuffer {
 public:
  HostBuffer() = default;
  HostBuffer(Card& card, std::size_t size);
  ~HostBuffer();
  HostBuffer(HostBuffer&& other) noexcept;
  HostBuffer& operator=(HostBuffer&& other) noexcept;
  HostBuffer(const HostBuffer&) = delete;
  HostBuffer& operator=(const HostBuffer&) = delete;

  std::span<std::byte> bytes() noexcept { return {data_, size_}; }
  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

 private:
  void release() noexcept;

  std::shared_ptr<CardState> card_;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace axllama::axcl
