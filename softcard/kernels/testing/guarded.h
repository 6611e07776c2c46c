#pragma once

// Operands that end where unreadable memory begins: a kernel that reads or writes beyond one ends the test,
// whatever instructions it does it with.

#include <cstddef>
#include <new>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

namespace axllama::softcard::testing {

/// Places every array so that its last byte is the last one of a page, and the page after it cannot be
/// touched.
template <typename T>
struct GuardedAllocator {
  using value_type = T;

  GuardedAllocator() = default;
  template <typename U>
  GuardedAllocator(const GuardedAllocator<U>&) noexcept {}

  T* allocate(std::size_t count) {
    const std::size_t readable = readable_bytes(count);
    void* pages =
        ::mmap(nullptr, readable + page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    std::byte* end = static_cast<std::byte*>(pages) + readable;
    if (::mprotect(end, page(), PROT_NONE) != 0) throw std::bad_alloc();
    return reinterpret_cast<T*>(end) - count;
  }
  void deallocate(T* data, std::size_t count) noexcept {
    const std::size_t readable = readable_bytes(count);
    ::munmap(reinterpret_cast<std::byte*>(data + count) - readable, readable + page());
  }

  bool operator==(const GuardedAllocator&) const = default;

 private:
  static std::size_t page() noexcept { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }
  static std::size_t readable_bytes(std::size_t count) noexcept {
    return (count * sizeof(T) + page() - 1) / page() * page();
  }
};

/// Reserve, or size, it once: capacity beyond the size would lie before the guard.
template <typename T>
using Guarded = std::vector<T, GuardedAllocator<T>>;

}  // namespace axllama::softcard::testing
