#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <vector>

#include "softcard/card/interval_set.h"

namespace axllama::softcard {

/// One allocation of card memory: a card address that no host program can dereference, and the host memory
/// behind it (own mapping, huge pages where they fit). Also remembers which bytes were ever written.
class Block {
 public:
  /// Throws std::bad_alloc when the host has no memory left.
  Block(std::uint64_t address, std::uint64_t size, bool cached);
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  std::uint64_t address() const noexcept { return address_; }
  std::uint64_t size() const noexcept { return size_; }
  bool cached() const noexcept { return cached_; }
  std::byte* data() const noexcept { return data_; }

  /// Sets every byte to 0xFF, so that fresh memory reads as NaN.
  void fill();

  /// Offsets from the block's base. Any thread.
  void mark_written(std::uint64_t offset, std::uint64_t size);
  void mark_unwritten(std::uint64_t offset, std::uint64_t size);
  /// Unwritten, because an execution was expected to write it and did not.
  void mark_skipped(std::uint64_t offset, std::uint64_t size);
  bool is_skipped(std::uint64_t offset) const;
  bool is_written(std::uint64_t offset, std::uint64_t size) const;
  std::uint64_t first_unwritten(std::uint64_t offset, std::uint64_t size) const;

 private:
  std::uint64_t address_;
  std::uint64_t size_;
  bool cached_;
  void* mapping_ = nullptr;
  std::size_t mapping_size_ = 0;
  std::byte* data_ = nullptr;
  mutable std::mutex written_mutex_;
  IntervalSet written_;
  IntervalSet skipped_;
};

/// Where a card address lies. Holding it keeps the memory alive, even across a free.
struct Location {
  std::shared_ptr<Block> block;
  std::uint64_t offset = 0;

  std::byte* data() const noexcept { return block->data() + offset; }
  std::uint64_t available() const noexcept { return block->size() - offset; }
  std::uint64_t address() const noexcept { return block->address() + offset; }
};

/// The memory of one card: contiguous blocks at page-aligned card addresses inside [base, base + window),
/// with a quota. Neighbours are kept apart by unused pages and freed addresses are not handed out again until
/// the window is used up, so that an overrun or a use after free is never somebody else's data. Any thread.
class AddressSpace {
 public:
  static constexpr std::uint64_t kPage = 4096;

  AddressSpace(std::uint64_t base, std::uint64_t window, std::uint64_t quota);

  std::uint64_t base() const noexcept { return base_; }
  std::uint64_t quota() const noexcept { return quota_; }
  std::uint64_t used() const;
  bool in_window(std::uint64_t address) const noexcept { return address - base_ < window_; }

  /// Null when the quota does not allow it.
  std::shared_ptr<Block> allocate(std::uint64_t size, bool cached);
  /// Takes the block at exactly this address out; null when none begins there.
  std::shared_ptr<Block> release(std::uint64_t address);
  /// The block that holds this address (its end does not belong to it).
  std::optional<Location> find(std::uint64_t address) const;
  std::vector<std::shared_ptr<Block>> blocks() const;
  void clear();

  /// Counts bytes that are not addressable (a loaded model's weights) against the quota.
  bool reserve(std::uint64_t bytes);
  void unreserve(std::uint64_t bytes);

 private:
  std::uint64_t place(std::uint64_t size) const;

  std::uint64_t base_;
  std::uint64_t window_;
  std::uint64_t quota_;
  mutable std::shared_mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<Block>> blocks_;
  std::uint64_t cursor_;
  std::uint64_t used_ = 0;
};

}  // namespace axllama::softcard
