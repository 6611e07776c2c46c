#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "axcl/card.h"
#include "axcl/device_memory.h"
#include "axcl/model.h"
#include "inference/card_queue.h"
#include "inference/kv_cache.h"
#include "inference/layer_stack.h"
#include "model/package.h"
#include "model/shapes.h"

namespace axllama::inference {

/// Evaluates a chunk of tokens through all layers in a prefill shape group. Keys and values come out in
/// buffers of their own and are copied into the cache on the card, two copies per layer; the hidden states
/// stay on the card.
class PrefillChain {
 public:
  /// `queue`, `stack` and `package` must outlive the chain. `groups`: those to be used, by index in run().
  PrefillChain(axcl::Card& card, CardQueue& queue, LayerStack& stack, const model::Package& package,
               std::vector<model::PrefillGroup> groups);

  const std::vector<model::PrefillGroup>& groups() const noexcept { return groups_; }

  /// Evaluates `tokens` (1 to the group's rows) behind the cached ones. Writes their keys and values but does
  /// not append them to `cache`. Returns the hidden states, [rows, hidden] bf16, of which the first
  /// tokens.size() rows count; valid until the next run, before which the queue must have been waited for.
  axcl::DeviceSpan run(const KvCache& cache, std::size_t group, std::span<const text::TokenId> tokens);

  /// What the masks on the card hold is no longer known (a call failed).
  void invalidate() noexcept;
  std::size_t card_bytes() const noexcept;

 private:
  /// Buffers shared by all groups of the same number of rows.
  struct Chunk {
    std::array<axcl::DeviceBuffer, 2> hidden;  // [rows, hidden] bf16; even layers read [0] and write [1]
    axcl::DeviceBuffer indices;                // [index_rows, rows] uint32
    axcl::DeviceBuffer keys, values;           // [rows, kv] bf16
  };
  /// Numbers of cached tokens and of tokens in the chunk.
  using MaskFor = std::pair<std::size_t, std::size_t>;
  struct Group {
    Chunk* chunk = nullptr;
    axcl::DeviceBuffer mask;                // [rows, history + rows] bf16
    std::optional<MaskFor> mask_for;        // what the mask on the card is for
    axcl::DeviceBuffer no_keys, no_values;  // dummy cache of a group without history
    std::vector<axcl::IoBinding> bindings;  // by layer
  };

  Chunk& chunk_for(std::size_t rows);
  Group make_group(const model::PrefillGroup& shape);
  void bind_cache(Group& group, const model::PrefillGroup& shape, const KvCache& cache);
  void upload_embeddings(const Chunk& chunk, std::span<const text::TokenId> tokens);
  void upload_indices(const Chunk& chunk, std::size_t rows, std::size_t first, std::size_t count);
  void upload_mask(Group& group, const model::PrefillGroup& shape, MaskFor wanted);

  axcl::Card& card_;
  CardQueue& queue_;
  LayerStack& stack_;
  const model::Package& package_;
  std::vector<model::PrefillGroup> groups_;
  std::map<std::size_t, std::unique_ptr<Chunk>> chunks_;  // by rows
  std::vector<Group> group_state_;
  axcl::HostBuffer host_rows_, host_indices_, host_mask_;  // each large enough for any group's upload
};

}  // namespace axllama::inference
