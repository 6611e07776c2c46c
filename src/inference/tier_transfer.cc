#include "inference/tier_transfer.h"

#include <algorithm>
#include <utility>

namespace axllama::inference {
namespace {

/// Bytes of keys, and of values, that pass through host memory at once.
constexpr std::size_t kStagingBytes = std::size_t{2} << 20U;

/// Before anything is measured, so many tokens make a transfer worth its time.
constexpr std::size_t kTokensWorthATransfer = 64;

class Store final : public TierTransfer {
 public:
  Store(std::unique_ptr<KvSink> sink, ModelRunner& runner, KvSlot& slot)
      : TierTransfer(runner, slot, sink->first(), slot.cache.size()), sink_(std::move(sink)) {}

 private:
  bool move(std::size_t layer, std::size_t first, std::span<std::byte> keys,
            std::span<std::byte> values) override {
    const std::size_t count = keys.size() / slot_.cache.shape().row_bytes;
    copy([&] {
      runner_.card().download(keys, slot_.cache.keys(layer, first, count));
      runner_.card().download(values, slot_.cache.values(layer, first, count));
    });
    return sink_->write(layer, first, keys, values);
  }
  void end(bool complete) override {
    if (complete) {
      sink_->finish();
    }
    sink_.reset();
    slot_.saved = true;  // or cannot be: it is not offered again before it changes
  }

  std::unique_ptr<KvSink> sink_;
};

class Load final : public TierTransfer {
 public:
  Load(std::unique_ptr<KvSource> source, ModelRunner& runner, KvSlot& slot,
       std::span<const text::TokenId> tokens)
      : TierTransfer(runner, slot, slot.cache.size(), tokens.size()),
        source_(std::move(source)),
        tokens_(tokens.begin(), tokens.end()) {
    source_->begin(slot.cache.size(), tokens.size());
  }

 private:
  std::size_t ready(std::size_t layer, std::size_t first, std::size_t count) override {
    return source_->ready(layer, first, count);
  }
  bool move(std::size_t layer, std::size_t first, std::span<std::byte> keys,
            std::span<std::byte> values) override {
    if (!source_->read(layer, first, keys, values)) {
      return false;
    }
    const std::size_t count = keys.size() / slot_.cache.shape().row_bytes;
    copy([&] {
      runner_.card().upload(slot_.cache.keys(layer, first, count), keys);
      runner_.card().upload(slot_.cache.values(layer, first, count), values);
    });
    return true;
  }
  void end(bool complete) override {
    if (complete) {
      slot_.cache.append(std::span(tokens_).subspan(slot_.cache.size()));
    } else {
      runner_.distrust(slot_);
    }
    source_.reset();
  }

  std::unique_ptr<KvSource> source_;
  std::vector<text::TokenId> tokens_;
};

}  // namespace

TierTransfer::TierTransfer(ModelRunner& runner, KvSlot& slot, std::size_t first, std::size_t last)
    : runner_(runner), slot_(slot), first_(first), last_(last), row_(first) {
  const std::size_t row_bytes = slot.cache.shape().row_bytes;
  rows_at_once_ =
      std::clamp<std::size_t>(kStagingBytes / row_bytes, 1, std::max<std::size_t>(last - first, 1));
  keys_ = axcl::HostBuffer(runner.card(), rows_at_once_ * row_bytes);
  values_ = axcl::HostBuffer(runner.card(), rows_at_once_ * row_bytes);
}

bool TierTransfer::finish(bool complete) {
  measure();
  end(complete);
  layer_ = slot_.cache.shape().layers;
  return true;
}

/// A few small copies count as one large one.
void TierTransfer::measure() {
  runner_.costs().transferred(std::exchange(copied_, 0), std::exchange(copying_, Duration{0}));
}

/// Bytes.
std::size_t TierTransfer::move_what_is_ready() {
  const std::size_t row_bytes = slot_.cache.shape().row_bytes;
  std::size_t moved = 0;
  while (moved < kTransferStepBytes && remaining() > 0) {
    const std::size_t rows = ready(layer_, row_, std::min(rows_at_once_, last_ - row_));
    const std::size_t bytes = rows * row_bytes;
    if (rows == 0) {
      break;
    }
    usable_ = move(layer_, row_, keys_.bytes().first(bytes), values_.bytes().first(bytes));
    if (!usable_) {
      break;
    }
    moved += 2 * bytes;
    row_ += rows;
    if (row_ == last_) {
      row_ = first_;
      ++layer_;
    }
  }
  return moved;
}

bool TierTransfer::step() {
  if (waits_since_) {
    waited_ += std::chrono::steady_clock::now() - *waits_since_;
    waits_since_.reset();
  }
  const std::size_t moved = move_what_is_ready();
  copied_ += moved;
  if (!usable_ || remaining() == 0) {
    return finish(usable_);
  }
  if (copied_ >= kTransferStepBytes) {
    measure();
  }
  if (moved < kTransferStepBytes) {
    waits_since_ = std::chrono::steady_clock::now();
  }
  return false;
}

bool transfer_pays(ModelRunner& runner, std::size_t tokens, double cost, double factor) {
  if (!runner.costs().measured()) {
    return tokens >= kTokensWorthATransfer;
  }
  const KvLayout layout = runner.kv_layout();
  const std::size_t bytes = 2 * layout.layers * layout.row_bytes * tokens;
  return factor * runner.costs().transfer_seconds(bytes) < cost;
}

std::unique_ptr<TierTransfer> store_in_tier(KvTier& tier, ModelRunner& runner, KvSlot& slot) {
  std::unique_ptr<KvSink> sink = tier.store(slot.cache.tokens(), std::min(slot.pinned, slot.cache.size()));
  if (!sink || sink->first() > slot.cache.size()) {
    slot.saved = true;
    return nullptr;
  }
  return std::make_unique<Store>(std::move(sink), runner, slot);
}

std::unique_ptr<TierTransfer> load_from_tier(std::unique_ptr<KvSource> source, ModelRunner& runner,
                                             KvSlot& slot, std::span<const text::TokenId> prompt) {
  const std::size_t count = std::min(source->tokens(), prompt.size() - 1);
  return std::make_unique<Load>(std::move(source), runner, slot, prompt.first(count));
}

}  // namespace axllama::inference
