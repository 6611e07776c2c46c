#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "inference/kv_archive.h"

namespace axllama::inference {
namespace {

/// The part of [first, first + count) that falls into a block.
struct Overlap {
  std::size_t block = 0;     // index
  std::size_t in_block = 0;  // first row within the block
  std::size_t row = 0;       // the same, counted from `first`
  std::size_t count = 0;
};

/// `origin`: the token that block 0 begins with. Blocks are whole but for the last.
std::vector<Overlap> overlaps(std::size_t origin, std::size_t first, std::size_t count) {
  std::vector<Overlap> found;
  for (std::size_t row = 0; row < count;) {
    const std::size_t offset = first + row - origin;
    Overlap overlap{offset / kKvBlockTokens, offset % kKvBlockTokens, row, 0};
    overlap.count = std::min(kKvBlockTokens - overlap.in_block, count - row);
    row += overlap.count;
    found.push_back(overlap);
  }
  return found;
}

void copy_rows(std::span<const std::byte> from, std::size_t from_row, std::span<std::byte> to,
               std::size_t to_row, std::size_t count, std::size_t row_bytes) {
  const auto bytes = from.subspan(from_row * row_bytes, count * row_bytes);
  std::copy(bytes.begin(), bytes.end(), to.subspan(to_row * row_bytes, bytes.size()).begin());
}

class Source final : public KvSource {
 public:
  Source(std::shared_ptr<KvArchive> archive, KvTree& tree, KvTree::Match match)
      : archive_(std::move(archive)), tree_(tree), match_(std::move(match)) {}

  std::size_t tokens() const override { return match_.tokens; }

  bool read(std::size_t layer, std::size_t first, std::span<std::byte> keys,
            std::span<std::byte> values) override {
    const std::size_t row_bytes = tree_.layout().row_bytes;
    for (const Overlap& part : overlaps(0, first, keys.size() / row_bytes)) {
      const KvTree::BlockPtr& block = match_.path.at(part.block);
      piece_.resize(block->header.piece_bytes());
      if (!archive_->read(tree_, block, layer, piece_)) {
        return false;
      }
      const std::span<const std::byte> piece = piece_;
      copy_rows(piece.first(piece.size() / 2), part.in_block, keys, part.row, part.count, row_bytes);
      copy_rows(piece.last(piece.size() / 2), part.in_block, values, part.row, part.count, row_bytes);
    }
    return true;
  }

 private:
  std::shared_ptr<KvArchive> archive_;
  KvTree& tree_;  // of the archive
  KvTree::Match match_;
  std::vector<std::byte> piece_;
};

class Sink final : public KvSink {
 public:
  Sink(std::shared_ptr<KvArchive> archive, KvTree& tree, KvArchive::Plan plan)
      : archive_(std::move(archive)), tree_(tree), plan_(std::move(plan)) {}
  ~Sink() override {
    if (!finished_) {
      archive_->give_up(plan_);
    }
  }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  std::size_t first() const override { return plan_.first; }

  /// Rows behind the last draft are those there was no memory for.
  bool write(std::size_t layer, std::size_t first, std::span<const std::byte> keys,
             std::span<const std::byte> values) override {
    const std::size_t row_bytes = tree_.layout().row_bytes;
    for (const Overlap& part : overlaps(plan_.first, first, keys.size() / row_bytes)) {
      if (part.block < plan_.drafts.size()) {
        const KvArchive::Draft& draft = plan_.drafts[part.block];
        const std::size_t bytes = draft.block->header.piece_bytes();
        const std::span<std::byte> piece = draft.rows->bytes().subspan(layer * bytes, bytes);
        copy_rows(keys, part.row, piece.first(bytes / 2), part.in_block, part.count, row_bytes);
        copy_rows(values, part.row, piece.last(bytes / 2), part.in_block, part.count, row_bytes);
      }
    }
    return true;
  }

  void finish() override {
    finished_ = true;
    archive_->keep(tree_, std::move(plan_));
  }

 private:
  std::shared_ptr<KvArchive> archive_;
  KvTree& tree_;  // of the archive
  KvArchive::Plan plan_;
  bool finished_ = false;
};

class Tier final : public KvTier {
 public:
  Tier(std::shared_ptr<KvArchive> archive, KvTree& tree) : archive_(std::move(archive)), tree_(tree) {}

  std::size_t longest_match(std::span<const text::TokenId> prompt) override {
    return archive_->match(tree_, prompt, false).tokens;
  }

  std::unique_ptr<KvSource> load(std::span<const text::TokenId> prompt) override {
    KvTree::Match match = archive_->match(tree_, prompt, true);
    return match.tokens == 0 ? nullptr : std::make_unique<Source>(archive_, tree_, std::move(match));
  }

  std::unique_ptr<KvSink> store(std::span<const text::TokenId> tokens, std::size_t pinned) override {
    KvArchive::Plan plan = archive_->plan(tree_, tokens, pinned);
    return plan.drafts.empty() ? nullptr : std::make_unique<Sink>(archive_, tree_, std::move(plan));
  }

 private:
  std::shared_ptr<KvArchive> archive_;
  KvTree& tree_;  // of the archive
};

}  // namespace

std::shared_ptr<KvTier> KvArchive::tier(const std::string& digest, const KvLayout& layout) {
  return std::make_shared<Tier>(shared_from_this(), open(kv_root_key(digest, layout), layout));
}

}  // namespace axllama::inference
