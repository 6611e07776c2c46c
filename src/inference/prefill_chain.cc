#include "inference/prefill_chain.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "base/bfloat16.h"
#include "base/error.h"
#include "inference/mask_builder.h"

namespace axllama::inference {

using base::Bf16;

PrefillChain::PrefillChain(axcl::Card& card, CardQueue& queue, LayerStack& stack,
                           const model::Package& package, std::vector<model::PrefillGroup> groups)
    : card_(card), queue_(queue), stack_(stack), package_(package), groups_(std::move(groups)) {
  std::size_t rows = 0;
  std::size_t indices = 0;
  std::size_t mask = 0;
  for (const model::PrefillGroup& shape : groups_) {
    const Group& group = group_state_.emplace_back(make_group(shape));
    rows = std::max(rows, group.chunk->hidden[0].size());
    indices = std::max(indices, group.chunk->indices.size());
    mask = std::max(mask, group.mask.size());
  }
  if (!groups_.empty()) {
    host_rows_ = axcl::HostBuffer(card, rows);
    host_indices_ = axcl::HostBuffer(card, indices);
    host_mask_ = axcl::HostBuffer(card, mask);
  }
}

PrefillChain::Chunk& PrefillChain::chunk_for(std::size_t rows) {
  std::unique_ptr<Chunk>& chunk = chunks_[rows];
  if (!chunk) {
    const model::LayerShapes& shapes = stack_.shapes();
    chunk = std::make_unique<Chunk>();
    for (axcl::DeviceBuffer& hidden : chunk->hidden) {
      hidden = axcl::DeviceBuffer(card_, rows * shapes.hidden * sizeof(Bf16));
    }
    chunk->indices = axcl::DeviceBuffer(card_, shapes.index_rows * rows * sizeof(std::uint32_t));
    chunk->keys = axcl::DeviceBuffer(card_, rows * shapes.kv_width * sizeof(Bf16));
    chunk->values = axcl::DeviceBuffer(card_, rows * shapes.kv_width * sizeof(Bf16));
  }
  return *chunk;
}

PrefillChain::Group PrefillChain::make_group(const model::PrefillGroup& shape) {
  const std::size_t row_bytes = stack_.shapes().kv_width * sizeof(Bf16);
  Group group;
  group.chunk = &chunk_for(shape.rows);
  group.mask = axcl::DeviceBuffer(card_, shape.rows * (shape.history + shape.rows) * sizeof(Bf16));
  if (shape.history == 0) {
    group.no_keys = axcl::DeviceBuffer(card_, shape.cache_slots * row_bytes);
    group.no_values = axcl::DeviceBuffer(card_, shape.cache_slots * row_bytes);
    card_.fill(group.no_keys.span(), 0);
    card_.fill(group.no_values.span(), 0);
  }
  const LayerPorts& ports = stack_.ports();
  for (std::size_t i = 0; i < stack_.size(); ++i) {
    axcl::IoBinding& binding = group.bindings.emplace_back(stack_.layer(i), shape.group);
    binding.bind_input(ports.input, group.chunk->hidden[i % 2].span());
    binding.bind_output(ports.output, group.chunk->hidden[(i + 1) % 2].span());
    binding.bind_input(ports.mask, group.mask.span());
    binding.bind_input(ports.indices, group.chunk->indices.span());
    binding.bind_output(ports.k_cache_out, group.chunk->keys.span());
    binding.bind_output(ports.v_cache_out, group.chunk->values.span());
    if (shape.history == 0) {
      binding.bind_input(ports.k_cache, group.no_keys.span());
      binding.bind_input(ports.v_cache, group.no_values.span());
    }
  }
  return group;
}

/// Host bookkeeping only, and nothing where the cache is bound already.
void PrefillChain::bind_cache(Group& group, const model::PrefillGroup& shape, const KvCache& cache) {
  if (shape.history == 0) {
    return;
  }
  const LayerPorts& ports = stack_.ports();
  for (std::size_t i = 0; i < stack_.size(); ++i) {
    group.bindings[i].bind_input(ports.k_cache, cache.keys(i, 0, shape.cache_slots));
    group.bindings[i].bind_input(ports.v_cache, cache.values(i, 0, shape.cache_slots));
  }
}

/// Rows without a token are zero: finite, and never seen by those before them.
void PrefillChain::upload_embeddings(const Chunk& chunk, std::span<const text::TokenId> tokens) {
  const std::span<std::byte> bytes = host_rows_.bytes().first(chunk.hidden[0].size());
  auto out = bytes.begin();
  for (const text::TokenId token : tokens) {
    const auto row = std::as_bytes(package_.embedding(token));
    out = std::copy(row.begin(), row.end(), out);
  }
  std::fill(out, bytes.end(), std::byte{0});
  queue_.upload(chunk.hidden[0].span(), bytes);
}

/// Positions first, first + 1, ...; rows without a token repeat the last one, which is a position the model
/// knows.
void PrefillChain::upload_indices(const Chunk& chunk, std::size_t rows, std::size_t first,
                                  std::size_t count) {
  const std::span<std::byte> bytes = host_indices_.bytes().first(chunk.indices.size());
  auto* index = reinterpret_cast<std::uint32_t*>(bytes.data());
  for (std::size_t axis = 0; axis < stack_.shapes().index_rows; ++axis) {
    for (std::size_t row = 0; row < rows; ++row) {
      *index++ = static_cast<std::uint32_t>(first + std::min(row, count - 1));
    }
  }
  queue_.upload(chunk.indices.span(), bytes);
}

void PrefillChain::upload_mask(Group& group, const model::PrefillGroup& shape, MaskFor wanted) {
  if (group.mask_for == wanted) {
    return;
  }
  group.mask_for.reset();
  const std::span<std::byte> bytes = host_mask_.bytes().first(group.mask.size());
  fill_prefill_mask({reinterpret_cast<Bf16*>(bytes.data()), bytes.size() / sizeof(Bf16)}, shape.rows,
                    shape.history, wanted.first, wanted.second);
  queue_.upload(group.mask.span(), bytes);
  group.mask_for = wanted;
}

axcl::DeviceSpan PrefillChain::run(const KvCache& cache, std::size_t group_index,
                                   std::span<const text::TokenId> tokens) {
  const model::PrefillGroup& shape = groups_.at(group_index);
  Group& group = group_state_[group_index];
  const std::size_t cached = cache.size();
  if (tokens.empty() || tokens.size() > shape.rows || cached > shape.history ||
      cached + tokens.size() > cache.shape().context) {
    throw base::Error(base::ErrorCode::kInternal,
                      std::to_string(tokens.size()) + " tokens behind " + std::to_string(cached) +
                          " do not fit a prefill group of " + std::to_string(shape.rows) + " rows and " +
                          std::to_string(shape.history) + " history slots.");
  }
  const Chunk& chunk = *group.chunk;
  bind_cache(group, shape, cache);
  upload_embeddings(chunk, tokens);
  upload_indices(chunk, shape.rows, cached, tokens.size());
  upload_mask(group, shape, {cached, tokens.size()});
  const std::size_t bytes = tokens.size() * cache.shape().row_bytes;
  for (std::size_t i = 0; i < stack_.size(); ++i) {
    queue_.execute(group.bindings[i]);
    queue_.copy(cache.keys(i, cached, tokens.size()), chunk.keys.span().subspan(0, bytes));
    queue_.copy(cache.values(i, cached, tokens.size()), chunk.values.span().subspan(0, bytes));
  }
  return chunk.hidden[stack_.size() % 2].span();
}

void PrefillChain::invalidate() noexcept {
  for (Group& group : group_state_) {
    group.mask_for.reset();
  }
}

std::size_t PrefillChain::card_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const auto& [rows, chunk] : chunks_) {
    bytes += 2 * chunk->hidden[0].size() + chunk->indices.size() + chunk->keys.size() + chunk->values.size();
  }
  for (const Group& group : group_state_) {
    bytes += group.mask.size() + group.no_keys.size() + group.no_values.size();
  }
  return bytes;
}

}  // namespace axllama::inference
