#include "softcard/card/address_space.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <new>

#include <sys/mman.h>

namespace axllama::softcard {

namespace {

constexpr std::uint64_t kHugePage = 2ULL << 20U;
constexpr int kFill = 0xFF;  // every 16-bit and 32-bit float made of these bytes is a NaN

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace

Block::Block(std::uint64_t address, std::uint64_t size, bool cached)
    : address_(address), size_(size), cached_(cached) {
  const bool huge = size >= kHugePage;
  mapping_size_ = round_up(size, AddressSpace::kPage) + (huge ? kHugePage : 0);
  mapping_ = mmap(nullptr, mapping_size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping_ == MAP_FAILED) {
    throw std::bad_alloc();
  }
  data_ = static_cast<std::byte*>(mapping_);
  if (huge) {
    const auto start = reinterpret_cast<std::uintptr_t>(mapping_);
    data_ += round_up(start, kHugePage) - start;
    madvise(data_, size_, MADV_HUGEPAGE);  // only advice: a host without huge pages is merely slower
  }
}

void Block::fill() {
  std::memset(data_, kFill, size_);
}

Block::~Block() {
  munmap(mapping_, mapping_size_);
}

void Block::mark_written(std::uint64_t offset, std::uint64_t size) {
  const std::scoped_lock lock(written_mutex_);
  written_.insert(offset, offset + size);
  skipped_.erase(offset, offset + size);
}

void Block::mark_skipped(std::uint64_t offset, std::uint64_t size) {
  const std::scoped_lock lock(written_mutex_);
  written_.erase(offset, offset + size);
  skipped_.insert(offset, offset + size);
}

bool Block::is_skipped(std::uint64_t offset) const {
  const std::scoped_lock lock(written_mutex_);
  return skipped_.contains(offset, offset + 1);
}

void Block::mark_unwritten(std::uint64_t offset, std::uint64_t size) {
  const std::scoped_lock lock(written_mutex_);
  written_.erase(offset, offset + size);
}

bool Block::is_written(std::uint64_t offset, std::uint64_t size) const {
  const std::scoped_lock lock(written_mutex_);
  return written_.contains(offset, offset + size);
}

std::uint64_t Block::first_unwritten(std::uint64_t offset, std::uint64_t size) const {
  const std::scoped_lock lock(written_mutex_);
  return written_.first_missing(offset, offset + size);
}

AddressSpace::AddressSpace(std::uint64_t base, std::uint64_t window, std::uint64_t quota)
    : base_(base), window_(window), quota_(quota), cursor_(base) {}

std::uint64_t AddressSpace::used() const {
  const std::shared_lock lock(mutex_);
  return used_;
}

// First gap at or after the cursor, then from the start of the window; 0 when there is none.
std::uint64_t AddressSpace::place(std::uint64_t size) const {
  const std::uint64_t span = round_up(size, kPage) + kPage;
  const auto first_fit = [&](std::uint64_t from) -> std::uint64_t {
    std::uint64_t at = from;
    auto it = blocks_.upper_bound(at);
    if (it != blocks_.begin()) {
      const Block& before = *std::prev(it)->second;
      at = std::max(at, before.address() + round_up(before.size(), kPage) + kPage);
    }
    for (; it != blocks_.end() && it->first < at + span; ++it) {
      at = it->first + round_up(it->second->size(), kPage) + kPage;
    }
    return at + span <= base_ + window_ ? at : 0;
  };
  const std::uint64_t at = first_fit(cursor_);
  return at != 0 ? at : first_fit(base_);
}

std::shared_ptr<Block> AddressSpace::allocate(std::uint64_t size, bool cached) {
  if (size == 0 || size > quota_) {
    return nullptr;
  }
  const std::uint64_t charged = round_up(size, kPage);
  std::shared_ptr<Block> block;
  {
    const std::unique_lock lock(mutex_);
    if (charged > quota_ - std::min(used_, quota_)) {
      return nullptr;
    }
    const std::uint64_t address = place(size);
    if (address == 0) {
      return nullptr;
    }
    block = std::make_shared<Block>(address, size, cached);
    blocks_.emplace(address, block);
    used_ += charged;
    cursor_ = address + charged + kPage;
  }
  block->fill();  // outside the lock: nobody else knows the address yet
  return block;
}

std::shared_ptr<Block> AddressSpace::release(std::uint64_t address) {
  const std::unique_lock lock(mutex_);
  const auto it = blocks_.find(address);
  if (it == blocks_.end()) {
    return nullptr;
  }
  auto block = std::move(it->second);
  blocks_.erase(it);
  used_ -= round_up(block->size(), kPage);
  return block;
}

std::optional<Location> AddressSpace::find(std::uint64_t address) const {
  const std::shared_lock lock(mutex_);
  auto it = blocks_.upper_bound(address);
  if (it == blocks_.begin()) {
    return std::nullopt;
  }
  --it;
  if (address - it->first >= it->second->size()) {
    return std::nullopt;
  }
  return Location{it->second, address - it->first};
}

std::vector<std::shared_ptr<Block>> AddressSpace::blocks() const {
  const std::shared_lock lock(mutex_);
  std::vector<std::shared_ptr<Block>> result;
  result.reserve(blocks_.size());
  for (const auto& [address, block] : blocks_) {
    result.push_back(block);
  }
  return result;
}

void AddressSpace::clear() {
  const std::unique_lock lock(mutex_);
  for (const auto& [address, block] : blocks_) {
    used_ -= round_up(block->size(), kPage);
  }
  blocks_.clear();
}

bool AddressSpace::reserve(std::uint64_t bytes) {
  const std::unique_lock lock(mutex_);
  if (bytes > quota_ - std::min(used_, quota_)) {
    return false;
  }
  used_ += bytes;
  return true;
}

void AddressSpace::unreserve(std::uint64_t bytes) {
  const std::unique_lock lock(mutex_);
  used_ -= std::min(bytes, used_);
}

}  // namespace axllama::softcard
