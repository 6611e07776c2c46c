#include "inference/kv_archive.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/error.h"
#include "telemetry/log.h"

namespace axllama::inference {

using Lock = std::unique_lock<std::mutex>;

KvArchive::KvArchive(KvArchiveOptions options) : options_(std::move(options)) {
  if (!options_.folder.empty() && options_.disk_bytes > 0) {
    folder_.emplace(options_.folder);
    for (KvArchiveFolder::File& file : folder_->files()) {
      disk_used_ += file.bytes;
      other_files_.push_back(std::move(file));
    }
    while (disk_used_ > options_.disk_bytes && evict_from_disk()) {
    }
    worker_ = std::thread([this] { work(); });
    ahead_.emplace();
  }
}

KvArchive::~KvArchive() {
  ahead_.reset();  // a file that it finds damaged is work for the other thread
  {
    const Lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (worker_.joinable()) {
    worker_.join();
  }
}

void KvArchive::work() {
  Lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return ending_ || !jobs_.empty(); });
    if (jobs_.empty()) {
      return;
    }
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    working_ = true;
    lock.unlock();
    job();
    lock.lock();
    working_ = false;
    changed_.notify_all();
  }
}

/// Called with the mutex held.
void KvArchive::post(std::function<void()> job) {
  jobs_.push_back(std::move(job));
  changed_.notify_all();
}

void KvArchive::flush() {
  Lock lock(mutex_);
  changed_.wait(lock, [&] { return jobs_.empty() && !working_; });
}

KvArchive::Usage KvArchive::usage() const {
  const Lock lock(mutex_);
  Usage usage{0, host_used_, disk_used_, ahead_ ? ahead_->used() : 0};
  for (const auto& [root, tree] : trees_) {
    usage.blocks += tree->blocks().size();
  }
  return usage;
}

/// Now, but never the same twice, and comparable with what files tell.
std::uint64_t KvArchive::next_stamp() {
  const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  last_stamp_ = std::max(last_stamp_ + 1, static_cast<std::uint64_t>(now.count()));
  return last_stamp_;
}

KvTree& KvArchive::open(const KvKey& root, const KvLayout& layout) {
  const Lock lock(mutex_);
  std::unique_ptr<KvTree>& tree = trees_[root];
  if (tree) {
    return *tree;
  }
  tree = std::make_unique<KvTree>(root, layout);
  if (!folder_) {
    return *tree;
  }
  std::erase_if(other_files_, [&](const KvArchiveFolder::File& file) {
    const bool ours = folder_->belongs(file.path, root);
    disk_used_ -= ours ? file.bytes : 0;
    return ours;
  });
  for (KvArchiveFolder::Block& found : folder_->blocks(root, layout, kKvBlockTokens)) {
    auto block = std::make_shared<KvBlock>();
    block->header = std::move(found.header);
    block->used = found.used;
    block->on_disk = true;
    disk_used_ += block->header.file_bytes();
    tree->add(block);
  }
  for (const KvTree::BlockPtr& lost : tree->unreachable()) {
    discard(*tree, lost->header.key);
  }
  return *tree;
}

/// A block is older than those before it, so that ends of sequences go before their beginnings.
void KvArchive::use(const std::vector<KvTree::BlockPtr>& path) {
  for (auto block = path.rbegin(); block != path.rend(); ++block) {
    (*block)->used = next_stamp();
  }
}

KvTree::Match KvArchive::match(KvTree& tree, std::span<const text::TokenId> tokens, bool use_them) {
  const Lock lock(mutex_);
  KvTree::Match match = tree.longest_match(tokens);
  if (use_them) {
    use(match.path);
    if (folder_) {
      post([this, &tree, path = match.path] {
        for (auto block = path.rbegin(); block != path.rend(); ++block) {
          folder_->touch(folder_->path(tree.root(), (*block)->header.key));
        }
      });
    }
  }
  return match;
}

KvArchive::Plan KvArchive::plan(KvTree& tree, std::span<const text::TokenId> tokens, std::size_t pinned) {
  const Lock lock(mutex_);
  const std::uint64_t start = next_stamp();
  KvTree::Match match = tree.longest_match(tokens);
  use(match.path);
  for (std::size_t i = 0; i < match.path.size(); ++i) {
    KvBlock& block = *match.path[i];
    block.pinned = block.pinned || i * kKvBlockTokens + block.header.tokens.size() <= pinned;
  }
  Plan plan;
  if (match.tokens == tokens.size()) {
    return plan;
  }
  const std::size_t whole = match.tokens / kKvBlockTokens;
  plan.first = whole * kKvBlockTokens;
  KvKey parent = whole == 0 ? tree.root() : match.path[whole - 1]->header.key;
  for (std::size_t first = plan.first; first < tokens.size(); first += kKvBlockTokens) {
    const auto run = tokens.subspan(first, std::min(kKvBlockTokens, tokens.size() - first));
    auto block = std::make_shared<KvBlock>();
    block->header.layout = tree.layout();
    block->header.parent = parent;
    block->header.tokens.assign(run.begin(), run.end());
    block->header.key = kv_block_key(parent, run);
    block->pinned = first + run.size() <= pinned;
    if (!reserve(block->header.rows_bytes(), start)) {
      break;
    }
    parent = block->header.key;
    auto rows = std::make_shared<KvRows>(block->header.rows_bytes());
    plan.drafts.push_back({std::move(block), std::move(rows)});
  }
  return plan;
}

void KvArchive::give_up(const Plan& plan) noexcept {
  const Lock lock(mutex_);
  for (const Draft& draft : plan.drafts) {
    host_used_ -= draft.rows->bytes().size();
  }
}

void KvArchive::keep(KvTree& tree, Plan plan) {
  const Lock lock(mutex_);
  std::vector<KvTree::BlockPtr> kept;
  for (Draft& draft : plan.drafts) {
    KvBlock& block = *draft.block;
    const std::uint64_t bytes = draft.rows->bytes().size();
    const KvKey parent = block.header.parent;
    const bool reachable = parent == tree.root() || tree.blocks().contains(parent);
    block.rows = std::move(draft.rows);
    if (!reachable || !tree.add(draft.block)) {
      host_used_ -= bytes;
      continue;
    }
    for (const KvTree::BlockPtr& shorter : tree.shorter(parent, block.header.tokens)) {
      discard(tree, shorter->header.key);
    }
    kept.push_back(draft.block);
    if (folder_) {
      block.being_written = true;
      post([this, &tree, added = draft.block] { write(tree, added); });
    }
  }
  use(kept);
  // The blocks before them were used as well: they stay newer.
  if (!kept.empty()) {
    std::vector<KvTree::BlockPtr> before;
    for (auto at = tree.blocks().find(kept.front()->header.parent); at != tree.blocks().end();
         at = tree.blocks().find(at->second->header.parent)) {
      before.push_back(at->second);
    }
    use({before.rbegin(), before.rend()});
  }
}

/// On the archive's own thread.
void KvArchive::write(KvTree& tree, const KvTree::BlockPtr& block) {
  const auto is_kept = [&] {
    const auto found = tree.blocks().find(block->header.key);
    return found != tree.blocks().end() && found->second == block;
  };
  const auto leave_host = [&] {
    block->being_written = false;
    while (host_used_ > options_.host_bytes && evict_from_host(next_stamp())) {
    }
  };
  KvBlockHeader header;
  std::shared_ptr<const KvRows> rows;
  {
    const Lock lock(mutex_);
    header = block->header;
    rows = block->rows;
    if (!is_kept() || header.file_bytes() > options_.disk_bytes) {
      leave_host();
      return;
    }
  }
  const std::filesystem::path path = folder_->path(tree.root(), header.key);
  std::string failure;
  folder_->prepare(tree.root());
  try {
    add_checksums(header, rows->bytes());
    write_kv_block(path, header, rows->bytes());
  } catch (const base::Error& error) {
    failure = error.message();
  }
  Lock lock(mutex_);
  const bool kept = is_kept();
  if (!failure.empty()) {
    if (!std::exchange(disk_failed_, true)) {
      telemetry::log(telemetry::LogLevel::kWarning, "a conversation cannot be kept on disk",
                     {{"reason", failure}});
    }
  } else if (kept) {
    disk_failed_ = false;
    block->header.checksums = std::move(header.checksums);
    block->on_disk = true;
    disk_used_ += block->header.file_bytes();
    while (disk_used_ > options_.disk_bytes && evict_from_disk()) {
    }
  }
  leave_host();
  lock.unlock();
  if (!kept) {
    folder_->remove(path);
  }
}

bool KvArchive::read(KvTree& tree, const KvTree::BlockPtr& block, std::size_t layer,
                     std::span<std::byte> piece) {
  KvBlockHeader header;
  {
    const Lock lock(mutex_);
    if (block->rows) {
      const auto bytes = block->rows->bytes().subspan(layer * piece.size(), piece.size());
      std::copy(bytes.begin(), bytes.end(), piece.begin());
      return true;
    }
    if (!block->on_disk) {
      return false;
    }
    header = block->header;
  }
  try {
    options_.read_piece(folder_->path(tree.root(), header.key), header, layer, piece);
    return true;
  } catch (const base::Error& error) {
    telemetry::log(telemetry::LogLevel::kWarning, "a kept conversation is dropped",
                   {{"reason", error.message()}});
    const Lock lock(mutex_);
    discard(tree, header.key);
    return false;
  }
}

bool KvArchive::in_memory(const KvBlock& block) const {
  const Lock lock(mutex_);
  return block.rows != nullptr;
}

double KvArchive::read_seconds(KvTree& tree, std::span<const text::TokenId> tokens, std::size_t known) {
  std::size_t bytes = 0;
  {
    const Lock lock(mutex_);
    const KvTree::Match match = tree.longest_match(tokens);
    for (std::size_t i = known / kKvBlockTokens; i < match.path.size(); ++i) {
      bytes += match.path[i]->rows ? 0 : match.path[i]->header.rows_bytes();
    }
  }
  return bytes > 0 && ahead_ ? ahead_->estimate(bytes) : 0;
}

}  // namespace axllama::inference
