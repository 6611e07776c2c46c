#include "softcard/kernels/huge_buffer.h"

#include <cstdint>
#include <limits>
#include <new>
#include <utility>

#include <sys/mman.h>

namespace axllama::softcard {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20U;
constexpr std::size_t kHugeFrom = std::size_t{1} << 20U;

}  // namespace

HugeBuffer::HugeBuffer(std::size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  if (bytes > std::numeric_limits<std::size_t>::max() / 2) throw std::bad_alloc();
  const bool huge = bytes >= kHugeFrom;
  // A huge buffer is rounded up to whole huge pages, plus one for the alignment of its start.
  mapped_bytes_ = huge ? (bytes + kHugePage - 1) / kHugePage * kHugePage + kHugePage : bytes;
  mapping_ = ::mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping_ == MAP_FAILED) {
    mapping_ = nullptr;
    throw std::bad_alloc();
  }
  data_ = static_cast<std::byte*>(mapping_);
  if (huge) {
    const auto address = reinterpret_cast<std::uintptr_t>(mapping_);
    const std::size_t skip = (kHugePage - address % kHugePage) % kHugePage;
    data_ += skip;
    ::madvise(data_, mapped_bytes_ - kHugePage, MADV_HUGEPAGE);  // only advice: small pages work too
  }
}

HugeBuffer::~HugeBuffer() {
  release();
}

HugeBuffer::HugeBuffer(HugeBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapping_(std::exchange(other.mapping_, nullptr)),
      mapped_bytes_(std::exchange(other.mapped_bytes_, 0)) {}

HugeBuffer& HugeBuffer::operator=(HugeBuffer&& other) noexcept {
  if (this != &other) {
    release();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    mapping_ = std::exchange(other.mapping_, nullptr);
    mapped_bytes_ = std::exchange(other.mapped_bytes_, 0);
  }
  return *this;
}

void HugeBuffer::release() noexcept {
  if (mapping_ != nullptr) ::munmap(mapping_, mapped_bytes_);
}

}  // namespace axllama::softcard
