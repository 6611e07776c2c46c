#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "inference/kv_archive_file.h"
#include "inference/kv_archive_folder.h"
#include "inference/kv_archive_tree.h"
#include "inference/kv_read_ahead.h"
#include "inference/kv_tier.h"

namespace axllama::inference {

/// How much a KvArchive may keep and where.
struct KvArchiveOptions {
  std::uint64_t host_bytes = 0;  // of rows in host memory; 0: none but those on their way to the disk
  std::filesystem::path folder;  // empty: nothing on disk
  std::uint64_t disk_bytes = 0;  // of block files
  /// How pieces of files are read; others: tests.
  std::function<void(const std::filesystem::path& path, const KvBlockHeader& header, std::size_t layer,
                     std::span<std::byte> piece)>
      read_piece = read_kv_piece;
};

/// Rows on their way to the disk may take so much host memory, whatever the budget says.
inline constexpr std::uint64_t kKvStagingBytes = std::uint64_t{256} << 20U;

/// Keys and values of conversations, of all models, in host memory and on disk, within two byte budgets. What
/// was used longest ago goes first; beginnings that are shared (system prompts) go last. Blocks are written
/// to disk by a thread of the archive as soon as they are complete, so that a process that is killed finds
/// its conversations again; another one reads them, ahead of those who want them. Thread-safe.
class KvArchive : public std::enable_shared_from_this<KvArchive> {
 public:
  /// Throws Error (kInvalidArgument) when the folder cannot be used.
  explicit KvArchive(KvArchiveOptions options);
  /// Finishes what is on its way to the disk, and the piece that is being read.
  ~KvArchive();
  KvArchive(const KvArchive&) = delete;
  KvArchive& operator=(const KvArchive&) = delete;

  /// What one loaded model sees of the archive. Reads the headers of the model's files the first time.
  std::shared_ptr<KvTier> tier(const std::string& digest, const KvLayout& layout);

  /// Waits until everything is on disk, and gone from there that shall go.
  void flush();

  struct Usage {
    std::size_t blocks = 0;  // of models that were loaded
    std::uint64_t host_bytes = 0;
    std::uint64_t disk_bytes = 0;
    std::uint64_t ahead_bytes = 0;  // of host memory, beyond host_bytes: see kKvReadAheadBytes
  };
  Usage usage() const;

  // For the tiers.

  /// A block with memory for its rows, not in the archive yet.
  struct Draft {
    KvTree::BlockPtr block;
    std::shared_ptr<KvRows> rows;
  };
  struct Plan {
    std::size_t first = 0;      // tokens before the first draft
    std::vector<Draft> drafts;  // in order; empty: nothing to keep
  };

  /// `use`: they are about to be read.
  KvTree::Match match(KvTree& tree, std::span<const text::TokenId> tokens, bool use);
  /// Blocks for what is not kept of a sequence yet, as many from the front as there is memory for.
  Plan plan(KvTree& tree, std::span<const text::TokenId> tokens, std::size_t pinned);
  /// Takes drafts whose rows are complete.
  void keep(KvTree& tree, Plan plan);
  void give_up(const Plan& plan) noexcept;
  /// Keys and values of one layer of a block, checked; false when they are gone or damaged, and then the
  /// block is dropped.
  bool read(KvTree& tree, const KvTree::BlockPtr& block, std::size_t layer, std::span<std::byte> piece);
  /// Whether read() of a block needs no disk.
  bool in_memory(const KvBlock& block) const;
  /// See KvTier::read_seconds.
  double read_seconds(KvTree& tree, std::span<const text::TokenId> tokens, std::size_t known);
  /// Null: nothing is on disk.
  KvReadAhead* read_ahead() noexcept { return ahead_ ? &*ahead_ : nullptr; }

 private:
  struct Victim {
    KvTree* tree = nullptr;
    KvTree::BlockPtr block;
  };

  KvTree& open(const KvKey& root, const KvLayout& layout);
  void use(const std::vector<KvTree::BlockPtr>& path);
  bool reserve(std::uint64_t bytes, std::uint64_t used_before);
  bool evict_from_host(std::uint64_t used_before);
  bool evict_from_disk();
  void discard(KvTree& tree, const KvKey& key);
  void forget_file(KvTree& tree, KvBlock& block);
  void remove_file(std::filesystem::path path);
  Victim least_used(std::uint64_t used_before, const std::function<bool(const KvBlock&)>& eligible);
  void write(KvTree& tree, const KvTree::BlockPtr& block);
  void post(std::function<void()> job);
  void work();
  std::uint64_t next_stamp();

  KvArchiveOptions options_;
  std::optional<KvArchiveFolder> folder_;

  mutable std::mutex mutex_;  // guards all below, and what the trees hold
  std::unordered_map<KvKey, std::unique_ptr<KvTree>, KvKeyHash> trees_;  // by root
  std::deque<KvArchiveFolder::File> other_files_;  // of models not loaded yet, least recently used first
  std::uint64_t host_used_ = 0;
  std::uint64_t disk_used_ = 0;
  std::uint64_t last_stamp_ = 0;
  bool disk_failed_ = false;  // said so in the log

  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool working_ = false;
  bool ending_ = false;
  std::thread worker_;
  std::optional<KvReadAhead> ahead_;
};

}  // namespace axllama::inference
