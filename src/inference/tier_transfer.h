#pragma once

#include <cstddef>
#include <memory>
#include <span>
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
  virtual ~TierTransfer() = default;
  /// Moves some rows; true when that was the last step. Throws Error when the card fails.
  bool step();

 protected:
  /// Rows [first, last) of all layers.
  TierTransfer(ModelRunner& runner, KvSlot& slot, std::size_t first, std::size_t last);
  /// Moves rows [first, first + keys.size() / row_bytes) of a layer; false ends the transfer.
  virtual bool move(std::size_t layer, std::size_t first, std::span<std::byte> keys,
                    std::span<std::byte> values) = 0;
  /// All rows have been moved, or not.
  virtual void end(bool complete) = 0;

  ModelRunner& runner_;
  KvSlot& slot_;

 private:
  bool finish(bool complete);

  std::size_t first_;
  std::size_t last_;
  std::size_t layer_ = 0;
  std::size_t row_;
  std::size_t rows_at_once_;
  axcl::HostBuffer keys_;
  axcl::HostBuffer values_;
};

/// Whether moving the rows of so many tokens takes less time than computing them, which costs `cost` (see
/// ModelRunner::prefill_cost), when it is worth no more than a part 1 / `factor` of that.
bool transfer_pays(ModelRunner& runner, std::size_t tokens, double cost, double factor = 1);

/// Offers what a slot holds to a tier; null when the tier does not want it.
std::unique_ptr<TierTransfer> store_in_tier(KvTier& tier, ModelRunner& runner, KvSlot& slot);

/// Brings rows [slot's size, source's tokens or prompt's but the last) into a slot, whose tokens must be what
/// `prompt` begins with. When rows turn out to be unusable, or the card fails, the slot is left distrusted
/// and empty.
std::unique_ptr<TierTransfer> load_from_tier(std::unique_ptr<KvSource> source, ModelRunner& runner,
                                             KvSlot& slot, std::span<const text::TokenId> prompt);

}  // namespace axllama::inference
