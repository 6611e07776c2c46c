#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>
#include <vector>

namespace axllama::softcard {

/// Kinds of opaque handles; part of the handle, so that a handle of one kind is never taken for another.
enum class HandleKind : std::uint8_t { kContext = 0x41, kStream, kEvent, kIoInfo, kIoObject };

/// Opaque handles that are never pointers: a kind, a slot and the slot's generation. A stale, foreign or
/// invented handle is simply not found. Any thread.
template <typename Object>
class HandleTable {
 public:
  explicit HandleTable(HandleKind kind) : kind_(kind) {}

  void* add(std::shared_ptr<Object> object) {
    const std::unique_lock lock(mutex_);
    std::size_t index = 0;
    if (free_.empty()) {
      index = slots_.size();
      slots_.emplace_back();
    } else {
      index = free_.back();
      free_.pop_back();
    }
    slots_[index].object = std::move(object);
    return encode(index, slots_[index].generation);
  }

  /// Null when the handle is not one of this table's.
  std::shared_ptr<Object> find(const void* handle) const {
    const std::shared_lock lock(mutex_);
    const Slot* slot = locate(handle);
    return slot == nullptr ? nullptr : slot->object;
  }

  /// Takes the object out; null when there is none. The handle is dead from here on.
  std::shared_ptr<Object> remove(const void* handle) {
    const std::unique_lock lock(mutex_);
    const Slot* found = locate(handle);
    if (found == nullptr) {
      return nullptr;
    }
    const auto index = static_cast<std::size_t>(found - slots_.data());
    ++slots_[index].generation;
    free_.push_back(index);
    return std::exchange(slots_[index].object, nullptr);
  }

  std::size_t size() const {
    const std::shared_lock lock(mutex_);
    return slots_.size() - free_.size();
  }

  /// Every live handle with its object, in no particular order.
  std::vector<std::pair<void*, std::shared_ptr<Object>>> all() const {
    const std::shared_lock lock(mutex_);
    std::vector<std::pair<void*, std::shared_ptr<Object>>> result;
    for (std::size_t index = 0; index < slots_.size(); ++index) {
      if (slots_[index].object) {
        result.emplace_back(encode(index, slots_[index].generation), slots_[index].object);
      }
    }
    return result;
  }

  /// Was this one of our handles once?
  bool is_stale(const void* handle) const {
    const std::shared_lock lock(mutex_);
    const auto bits = reinterpret_cast<std::uintptr_t>(handle);
    return (bits >> kKindShift) == static_cast<std::uintptr_t>(kind_) && index_of(bits) < slots_.size() &&
           locate(handle) == nullptr;
  }

 private:
  static constexpr unsigned kKindShift = 56;
  static constexpr unsigned kGenerationShift = 32;
  static constexpr unsigned kIndexShift = 4;
  static constexpr std::uintptr_t kIndexMask = 0xFFFFFFF;

  struct Slot {
    std::uint32_t generation = 1;
    std::shared_ptr<Object> object;
  };

  void* encode(std::size_t index, std::uint32_t generation) const {
    return reinterpret_cast<void*>((static_cast<std::uintptr_t>(kind_) << kKindShift) |
                                   (static_cast<std::uintptr_t>(generation & 0xFFFFFFU) << kGenerationShift) |
                                   (index << kIndexShift));
  }

  static std::size_t index_of(std::uintptr_t bits) { return (bits >> kIndexShift) & kIndexMask; }

  const Slot* locate(const void* handle) const {
    const auto index = index_of(reinterpret_cast<std::uintptr_t>(handle));
    if (index >= slots_.size() || !slots_[index].object ||
        encode(index, slots_[index].generation) != handle) {
      return nullptr;
    }
    return &slots_[index];
  }

  HandleKind kind_;
  mutable std::shared_mutex mutex_;
  std::vector<Slot> slots_;
  std::vector<std::size_t> free_;
};

}  // namespace axllama::softcard
