#include "softcard/card/host_memory.h"

#include <cstdlib>
#include <iterator>
#include <mutex>

namespace axllama::softcard {

namespace {
constexpr std::uint64_t kAlignment = 4096;
}

HostMemory::~HostMemory() {
  for (const auto& [address, size] : blocks_) {
    std::free(reinterpret_cast<void*>(address));
  }
}

void* HostMemory::allocate(std::uint64_t size) {
  void* pointer = nullptr;
  if (posix_memalign(&pointer, kAlignment, size) != 0) {
    return nullptr;
  }
  const std::unique_lock lock(mutex_);
  blocks_.emplace(reinterpret_cast<std::uintptr_t>(pointer), size);
  return pointer;
}

bool HostMemory::release(void* pointer) {
  {
    const std::unique_lock lock(mutex_);
    if (blocks_.erase(reinterpret_cast<std::uintptr_t>(pointer)) == 0) {
      return false;
    }
  }
  std::free(pointer);
  return true;
}

bool HostMemory::contains(const void* pointer, std::uint64_t size) const {
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  const std::shared_lock lock(mutex_);
  auto it = blocks_.upper_bound(address);
  if (it == blocks_.begin()) {
    return false;
  }
  --it;
  const std::uint64_t offset = address - it->first;
  return offset <= it->second && size <= it->second - offset;
}

std::uint64_t HostMemory::block_count() const {
  const std::shared_lock lock(mutex_);
  return blocks_.size();
}

std::uint64_t HostMemory::bytes() const {
  const std::shared_lock lock(mutex_);
  std::uint64_t total = 0;
  for (const auto& [address, size] : blocks_) {
    total += size;
  }
  return total;
}

}  // namespace axllama::softcard
