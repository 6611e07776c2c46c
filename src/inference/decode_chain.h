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
#include "inference/kv_cache.h"
#include "inference/layer_stack.h"

namespace axllama::inference {

/// Evaluates one token through all layers. The hidden state passes from layer to layer in two buffers on the
/// card, the last layer writes straight into the head's input, all layers share one mask and one index
/// buffer, and each layer writes keys and values into their place in the cache: with L layers L executions
/// and at most three small uploads.
class DecodeChain {
 public:
  /// `stack` must outlive the chain; `last_output` is the head's input.
  DecodeChain(axcl::Card& card, LayerStack& stack, axcl::DeviceSpan last_output);

  /// Evaluates the token behind the cached ones; `embedding` is its row, [hidden] bf16. Writes its keys and
  /// values but does not append it to `cache`. Needs cache.size() < context.
  void run(const KvCache& cache, std::span<const base::Bf16> embedding);

  /// The mask on the card is no longer known (a call failed): write it anew before the next token.
  void invalidate() noexcept { visible_.reset(); }
  std::size_t card_bytes() const noexcept;

 private:
  void bind(const KvCache& cache, std::size_t position);
  void update_mask(std::size_t cached);
  std::span<base::Bf16> host_mask() noexcept;

  axcl::Card& card_;
  LayerStack& stack_;
  std::array<axcl::DeviceSpan, 2>
      hidden_;                     // even layers read [0] and write [1]; one of them is the head's input
  axcl::DeviceBuffer own_hidden_;  // the other one
  axcl::DeviceBuffer mask_;        // [context + 1] bf16
  axcl::DeviceBuffer indices_;     // [index_rows] uint32
  axcl::HostBuffer host_embedding_;
  axcl::HostBuffer host_mask_;  // what mask_ holds, or is about to
  axcl::HostBuffer host_indices_;
  std::vector<axcl::IoBinding> bindings_;  // by layer
  const KvCache* bound_cache_ = nullptr;
  std::optional<std::size_t> visible_;  // cached tokens that mask_ shows
};

}  // namespace axllama::inference
