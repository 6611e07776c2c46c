#pragma once

#include <cstdint>
#include <map>
#include <shared_mutex>

namespace axllama::softcard {

/// Host memory handed out for transfers (axclrtMallocHost): page-aligned, and known, so that copies from
/// elsewhere can be charged their price. Any thread.
class HostMemory {
 public:
  ~HostMemory();

  /// Null when the host has none left.
  void* allocate(std::uint64_t size);
  /// False when `pointer` is not the start of one of these blocks.
  bool release(void* pointer);
  /// True when all of [pointer, pointer + size) lies inside one block.
  bool contains(const void* pointer, std::uint64_t size) const;
  std::uint64_t block_count() const;
  std::uint64_t bytes() const;

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::uintptr_t, std::uint64_t> blocks_;  // address -> size
};

}  // namespace axllama::softcard
