#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "axcl/device_memory.h"
#include "inference/kv_tier.h"
#include "inference/model_runner.h"

namespace axllama::inference {

/// Bytes moved by one step of a transfer: about 40 ms on a Pi 5's lane, a tenth of a chunk's time.
inline constexpr std::size_t kTransferStepBytes = std::size_t{16} << 20U;

/// Rows of keys and values on their way between a KV slot and a tier, piece by piece, so that the owner can
/// serve others in between. Owner thread only; neither the runner nor the slot may go before.
class TierTransfer {
 public:
  using Duration = std::chrono::nanoseconds;

  virtual ~TierTransfer() = default;
  /// Moves the rows that are ready, but not too many; true when that was the last step. Throws Error when the
  /// card fails.
  bool step();
  /// Whether step() would move nothing, as the tier still reads what comes next. Its wake() says when to ask
  /// again.
  bool waits() { return remaining() > 0 && ready(layer_, row_, 1) == 0; }
  /// Time that has passed between a step that had moved all that was ready, and the next one.
  Duration waited() const noexcept { return waited_; }

 protected:
  /// Rows [first, last) of all layers.
  TierTransfer(ModelRunner& runner, KvSlot& slot, std::size_t first, std::size_t last);
  /// How many of rows [first, first + count) of a layer move() can take without waiting.
  virtual std::size_t ready(std::size_t /*layer*/, std::size_t /*first*/, std::size_t count) { return count; }
  /// Moves rows [first, first + keys.size() / row_bytes) of a layer; false ends the transfer.
  virtual bool move(std::size_t layer, std::size_t first, std::span<std::byte> keys,
                    std::span<std::byte> values) = 0;
  /// All rows have been moved, or not.
  virtual void end(bool complete) = 0;
  /// Copies between host and card, which are measured.
  template <typename Work>
  void copy(Work&& work) {
    const auto start = std::chrono::steady_clock::now();
    std::forward<Work>(work)();
    copying_ += std::chrono::steady_clock::now() - start;
  }

  ModelRunner& runner_;
  KvSlot& slot_;

 private:
  /// Layers that are not complete yet.
  std::size_t remaining() const noexcept { return first_ < last_ ? slot_.cache.shape().layers - layer_ : 0; }
  std::size_t move_what_is_ready();
  void measure();
  bool finish(bool complete);

  std::size_t first_;
  std::size_t last_;
  std::size_t layer_ = 0;
  std::size_t row_;
  std::size_t rows_at_once_;
  axcl::HostBuffer keys_;
  axcl::HostBuffer values_;
  bool usable_ = true;
  std::size_t copied_ = 0;  // bytes not measured yet, and the time it took
  Duration copying_{0};
  Duration waited_{0};
  std::optional<std::chrono::steady_clock::time_point> waits_since_;
};

/// Whether moving the rows of so many tokens takes less time than computing them, which costs `cost` (see
/// ModelRunner::prefill_cost), when it is worth no more than a part 1 / `factor` of that.
bool transfer_pays(ModelRunner& runner, std::size_t tokens, double cost, double factor = 1);

/// Offers what a slot holds to a tier; null when the tier does not want it.
std::unique_ptr<TierTransfer> store_in_tier(KvTier& tier, ModelRunner& runner, KvSlot& slot);

/// Brings rows [slot's size, source's tokens or prompt's but the last) into a slot, whose tokens must be what
/// `prompt` begins with. Given up, it leaves the slot with the rows that it had. When rows turn out to be
/// unusable, or the card fails, the slot is left distrusted and empty.
std::unique_ptr<TierTransfer> load_from_tier(std::unique_ptr<KvSource> source, ModelRunner& runner,
                                             KvSlot& slot, std::span<const text::TokenId> prompt);

}  // namespace axllama::inference
