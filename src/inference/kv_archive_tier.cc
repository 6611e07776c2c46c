#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "inference/kv_archive.h"
#include "inference/kv_read_ahead.h"

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

/// Pieces of blocks that follow one another, layer by layer. Outlived by the archive, which reads them.
class Pieces final : public KvPieces {
 public:
  Pieces(KvArchive& archive, KvTree& tree, std::vector<KvTree::BlockPtr> blocks)
      : archive_(archive), tree_(tree), blocks_(std::move(blocks)) {}

  std::size_t number(std::size_t layer, std::size_t block) const noexcept {
    return layer * blocks_.size() + block;
  }
  std::size_t count() const override { return tree_.layout().layers * blocks_.size(); }
  std::size_t bytes(std::size_t piece) const override { return block(piece)->header.piece_bytes(); }
  bool in_memory(std::size_t piece) const override { return archive_.in_memory(*block(piece)); }
  bool read(std::size_t piece, std::span<std::byte> to) const override {
    return archive_.read(tree_, block(piece), piece / blocks_.size(), to);
  }

 private:
  const KvTree::BlockPtr& block(std::size_t piece) const { return blocks_[piece % blocks_.size()]; }

  KvArchive& archive_;
  KvTree& tree_;  // of the archive
  const std::vector<KvTree::BlockPtr> blocks_;
};

class Source final : public KvSource {
 public:
  Source(std::shared_ptr<KvArchive> archive, KvTree& tree, KvTree::Match match, std::function<void()> wake)
      : archive_(std::move(archive)), tree_(tree), match_(std::move(match)), wake_(std::move(wake)) {}

  std::size_t tokens() const override { return match_.tokens; }

  void begin(std::size_t first, std::size_t last) override {
    KvReadAhead* ahead = archive_->read_ahead();
    if (ahead == nullptr || first >= last) {
      return;
    }
    first_ = first;
    last_ = last;
    const auto block = [this](std::size_t number) {
      return match_.path.begin() + static_cast<std::ptrdiff_t>(number);
    };
    pieces_ = std::make_shared<Pieces>(
        *archive_, tree_,
        std::vector<KvTree::BlockPtr>(block(first / kKvBlockTokens), block((last - 1) / kKvBlockTokens + 1)));
    reading_ = ahead->begin(pieces_, wake_);
  }

  std::size_t ready(std::size_t layer, std::size_t first, std::size_t count) override {
    if (!reading_) {
      return count;
    }
    std::size_t rows = 0;
    for (const Overlap& part : overlaps(0, first, count)) {
      if (!is_ready(number(layer, part.block), part.block)) {
        break;
      }
      rows += part.count;
    }
    return rows;
  }

  bool read(std::size_t layer, std::size_t first, std::span<std::byte> keys,
            std::span<std::byte> values) override {
    const std::size_t row_bytes = tree_.layout().row_bytes;
    const std::size_t count = keys.size() / row_bytes;
    for (const Overlap& part : overlaps(0, first, count)) {
      const std::span<const std::byte> piece = rows_of(layer, part.block);
      if (piece.empty()) {
        return false;
      }
      copy_rows(piece.first(piece.size() / 2), part.in_block, keys, part.row, part.count, row_bytes);
      copy_rows(piece.last(piece.size() / 2), part.in_block, values, part.row, part.count, row_bytes);
    }
    if (reading_) {
      const std::size_t next = first + count;
      reading_->drop_before(next < last_ ? number(layer, next / kKvBlockTokens)
                                         : number(layer + 1, first_ / kKvBlockTokens));
    }
    return true;
  }

 private:
  using State = KvReadAhead::Reading::State;

  /// Of a block of the match.
  std::size_t number(std::size_t layer, std::size_t block) const {
    return pieces_->number(layer, block - first_ / kKvBlockTokens);
  }

  bool is_ready(std::size_t piece, std::size_t block) {
    const State state = reading_->state(piece);
    if (state == State::kRead || state == State::kUnusable || archive_->in_memory(*match_.path.at(block))) {
      return true;
    }
    if (state == State::kPassed) {
      reading_->go_back(piece);
    }
    return false;
  }

  /// A layer's piece of a block, valid until the next call; empty when it is unusable.
  std::span<const std::byte> rows_of(std::size_t layer, std::size_t block) {
    if (reading_) {
      const std::size_t piece = number(layer, block);
      if (reading_->state(piece) == State::kUnusable) {
        return {};
      }
      if (const std::span<const std::byte> bytes = reading_->bytes(piece); !bytes.empty()) {
        return bytes;
      }
    }
    const KvTree::BlockPtr& wanted = match_.path.at(block);
    piece_.resize(wanted->header.piece_bytes());
    return archive_->read(tree_, wanted, layer, piece_) ? std::span<const std::byte>(piece_)
                                                        : std::span<const std::byte>();
  }

  std::shared_ptr<KvArchive> archive_;
  KvTree& tree_;  // of the archive
  KvTree::Match match_;
  std::function<void()> wake_;
  std::size_t first_ = 0;  // rows [first_, last_) are wanted
  std::size_t last_ = 0;
  std::shared_ptr<const Pieces> pieces_;
  std::unique_ptr<KvReadAhead::Reading> reading_;  // null: nothing is read ahead; gone before the archive
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
    return match.tokens == 0 ? nullptr : std::make_unique<Source>(archive_, tree_, std::move(match), wake_);
  }

  double read_seconds(std::span<const text::TokenId> prompt, std::size_t known) override {
    return archive_->read_seconds(tree_, prompt, known);
  }

  void wake_by(std::function<void()> wake) override { wake_ = std::move(wake); }

  std::unique_ptr<KvSink> store(std::span<const text::TokenId> tokens, std::size_t pinned) override {
    KvArchive::Plan plan = archive_->plan(tree_, tokens, pinned);
    return plan.drafts.empty() ? nullptr : std::make_unique<Sink>(archive_, tree_, std::move(plan));
  }

 private:
  std::shared_ptr<KvArchive> archive_;
  KvTree& tree_;  // of the archive
  std::function<void()> wake_;
};

}  // namespace

std::shared_ptr<KvTier> KvArchive::tier(const std::string& digest, const KvLayout& layout) {
  return std::make_shared<Tier>(shared_from_this(), open(kv_root_key(digest, layout), layout));
}

}  // namespace axllama::inference
