#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "axcl/card.h"
#include "axcl/device_memory.h"
#include "axcl/model.h"
#include "base/bfloat16.h"
#include "inference/card_queue.h"
#include "inference/kv_cache.h"
#include "inference/layer_stack.h"

namespace axllama::inference {

/// What decoding keeps for each KV cache, so that sequences can alternate without a call more: a mask of its
/// own on the card, and IO objects bound to the cache.
struct DecodeSlot {
  axcl::DeviceBuffer mask;                // [context + 1] bf16
  axcl::HostBuffer host_mask;             // what `mask` holds, or is about to
  std::optional<std::size_t> visible;     // cached tokens that `mask` shows; unset: not known
  std::vector<axcl::IoBinding> bindings;  // by layer

  /// A call failed: write the mask anew before the next token.
  void invalidate() noexcept { visible.reset(); }
};

/// Evaluates one token through all layers. The hidden state passes from layer to layer in two buffers on the
/// card, the last layer writes straight into the head's input, all layers share one mask and one index
/// buffer, and each layer writes keys and values into their place in the cache: with L layers L executions
/// and at most three small uploads, whichever sequence it is for.
class DecodeChain {
 public:
  /// `queue` and `stack` must outlive the chain; `last_output` is the head's input.
  DecodeChain(axcl::Card& card, CardQueue& queue, LayerStack& stack, axcl::DeviceSpan last_output);

  /// For a cache, which must outlive it. Throws Error (kResourceExhausted, kDevice).
  DecodeSlot make_slot(const KvCache& cache);

  /// Shows the cached tokens in the slot's mask ahead of run(), which else does it: after a prefill that is
  /// more than the one column per token.
  void prepare(DecodeSlot& slot, const KvCache& cache) { update_mask(slot, cache.size()); }

  /// Evaluates the token behind the cached ones; `embedding` is its row, [hidden] bf16. Writes its keys and
  /// values but does not append it to `cache`, for which `slot` was made. Needs cache.size() < context, and
  /// that the queue has been waited for since the last run.
  void run(DecodeSlot& slot, const KvCache& cache, std::span<const base::Bf16> embedding);
  /// The same with the row on the card.
  void run(DecodeSlot& slot, const KvCache& cache, axcl::DeviceSpan embedding);

  /// Without the slots' masks.
  std::size_t card_bytes() const noexcept;

 private:
  void update_mask(DecodeSlot& slot, std::size_t cached);
  void begin(DecodeSlot& slot, const KvCache& cache);
  void execute(DecodeSlot& slot, std::size_t position);

  axcl::Card& card_;
  CardQueue& queue_;
  LayerStack& stack_;
  std::array<axcl::DeviceSpan, 2>
      hidden_;                     // even layers read [0] and write [1]; one of them is the head's input
  axcl::DeviceBuffer own_hidden_;  // the other one
  axcl::DeviceBuffer indices_;     // [index_rows] uint32
  axcl::HostBuffer host_embedding_;
  axcl::HostBuffer host_indices_;
};

}  // namespace axllama::inference
