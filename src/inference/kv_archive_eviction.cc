// What leaves a KvArchive, and when. All with the mutex held.

#include <algorithm>
#include <limits>
#include <utility>

#include "inference/kv_archive.h"

namespace axllama::inference {

KvArchive::Victim KvArchive::least_used(std::uint64_t used_before,
                                        const std::function<bool(const KvBlock&)>& eligible) {
  Victim victim;
  const auto goes_before = [](const KvBlock& a, const KvBlock& b) {
    return std::pair(a.pinned, a.used) < std::pair(b.pinned, b.used);
  };
  for (const auto& [root, tree] : trees_) {
    for (const auto& [key, block] : tree->blocks()) {
      if (block->used < used_before && eligible(*block) &&
          (!victim.block || goes_before(*block, *victim.block))) {
        victim = {tree.get(), block};
      }
    }
  }
  return victim;
}

/// Makes room in host memory for rows that are about to come. Blocks used since `used_before` stay.
bool KvArchive::reserve(std::uint64_t bytes, std::uint64_t used_before) {
  const std::uint64_t most = folder_ ? std::max(options_.host_bytes, kKvStagingBytes) : options_.host_bytes;
  while (host_used_ + bytes > most) {
    if (bytes > most || !evict_from_host(used_before)) {
      return false;
    }
  }
  host_used_ += bytes;
  return true;
}

bool KvArchive::evict_from_host(std::uint64_t used_before) {
  const Victim victim = least_used(
      used_before, [](const KvBlock& block) { return block.rows != nullptr && !block.being_written; });
  if (!victim.block) {
    return false;
  }
  if (victim.block->on_disk) {
    host_used_ -= victim.block->rows->bytes().size();
    victim.block->rows.reset();
  } else {
    discard(*victim.tree, victim.block->header.key);
  }
  return true;
}

bool KvArchive::evict_from_disk() {
  const Victim victim = least_used(std::numeric_limits<std::uint64_t>::max(),
                                   [](const KvBlock& block) { return block.on_disk; });
  if (!other_files_.empty() && (!victim.block || other_files_.front().used < victim.block->used)) {
    folder_->remove(other_files_.front().path);
    disk_used_ -= other_files_.front().bytes;
    other_files_.pop_front();
    return true;
  }
  if (!victim.block) {
    return false;
  }
  if (victim.block->rows) {
    forget_file(*victim.tree, *victim.block);
  } else {
    discard(*victim.tree, victim.block->header.key);
  }
  return true;
}

/// A block and all that follow it: without it they cannot be found.
void KvArchive::discard(KvTree& tree, const KvKey& key) {
  for (const KvTree::BlockPtr& block : tree.remove(key)) {
    if (block->rows) {
      host_used_ -= block->rows->bytes().size();
      block->rows.reset();
    }
    forget_file(tree, *block);
  }
}

void KvArchive::forget_file(KvTree& tree, KvBlock& block) {
  if (std::exchange(block.on_disk, false)) {
    disk_used_ -= block.header.file_bytes();
    remove_file(folder_->path(tree.root(), block.header.key));
  }
}

/// On the archive's own thread: a disk may take its time, and callers do not. A block of the same name that
/// is kept later is written later.
void KvArchive::remove_file(std::filesystem::path path) {
  post([this, path = std::move(path)] { folder_->remove(path); });
}

}  // namespace axllama::inference
