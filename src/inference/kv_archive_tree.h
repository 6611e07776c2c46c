#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "inference/kv_archive_file.h"
#include "inference/kv_archive_key.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// Tokens of a whole block; the last one of a sequence may have fewer. Sequences share whole blocks.
inline constexpr std::size_t kKvBlockTokens = 64;

/// Rows in host memory: for each layer keys [n, r], then values [n, r].
class KvRows {
 public:
  explicit KvRows(std::size_t size)
      : bytes_(std::make_unique_for_overwrite<std::byte[]>(size)), size_(size) {}
  std::span<std::byte> bytes() noexcept { return {bytes_.get(), size_}; }
  std::span<const std::byte> bytes() const noexcept { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_;
};

/// A run of tokens somewhere in a sequence, and where its rows are. The header's checksums are set once the
/// block is on disk. Guarded by the archive that holds it, but for key, parent, layout and tokens, which do
/// not change.
struct KvBlock {
  KvBlockHeader header;
  std::shared_ptr<const KvRows> rows;  // null: not in host memory
  bool on_disk = false;
  bool being_written = false;
  bool pinned = false;
  std::uint64_t used = 0;
};

/// The blocks of one package: a tree, whose root is the package and whose paths are sequences.
class KvTree {
 public:
  using BlockPtr = std::shared_ptr<KvBlock>;
  /// The blocks that a sequence begins with, first block first; of the last one perhaps a part.
  struct Match {
    std::vector<BlockPtr> path;
    std::size_t tokens = 0;
  };

  KvTree(const KvKey& root, const KvLayout& layout) : root_(root), layout_(layout) {}

  const KvKey& root() const noexcept { return root_; }
  const KvLayout& layout() const noexcept { return layout_; }
  const std::unordered_map<KvKey, BlockPtr, KvKeyHash>& blocks() const noexcept { return blocks_; }

  Match longest_match(std::span<const text::TokenId> tokens) const;
  /// False when there is such a block already.
  bool add(BlockPtr block);
  /// The blocks behind `parent` that `tokens` begin with and go beyond: they are worth nothing any more.
  std::vector<BlockPtr> shorter(const KvKey& parent, std::span<const text::TokenId> tokens) const;
  /// Takes a block and all that follow it out of the tree.
  std::vector<BlockPtr> remove(const KvKey& key);
  /// Blocks that no path from the root leads to.
  std::vector<BlockPtr> unreachable() const;

 private:
  KvKey root_;
  KvLayout layout_;
  std::unordered_map<KvKey, BlockPtr, KvKeyHash> blocks_;
  std::unordered_map<KvKey, std::vector<BlockPtr>, KvKeyHash> children_;
};

}  // namespace axllama::inference
