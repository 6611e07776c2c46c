#include "inference/decode_chain.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "inference/mask_builder.h"

namespace axllama::inference {

using base::Bf16;

DecodeChain::DecodeChain(axcl::Card& card, CardQueue& queue, LayerStack& stack, axcl::DeviceSpan last_output)
    : card_(card), queue_(queue), stack_(stack) {
  const model::LayerShapes& shapes = stack.shapes();
  const std::size_t hidden_bytes = shapes.hidden * sizeof(Bf16);
  const std::size_t index_bytes = shapes.index_rows * sizeof(std::uint32_t);
  own_hidden_ = axcl::DeviceBuffer(card, hidden_bytes);
  indices_ = axcl::DeviceBuffer(card, index_bytes);
  host_embedding_ = axcl::HostBuffer(card, hidden_bytes);
  host_indices_ = axcl::HostBuffer(card, index_bytes);

  const std::size_t last = stack.size() % 2;  // where the last layer writes
  hidden_[last] = last_output;
  hidden_[1 - last] = own_hidden_.span();
}

DecodeSlot DecodeChain::make_slot(const KvCache& cache) {
  const model::LayerShapes& shapes = stack_.shapes();
  const std::size_t mask_bytes = (shapes.context + 1) * sizeof(Bf16);
  DecodeSlot slot;
  slot.mask = axcl::DeviceBuffer(card_, mask_bytes);
  slot.host_mask = axcl::HostBuffer(card_, mask_bytes);
  const LayerPorts& ports = stack_.ports();
  slot.bindings.reserve(stack_.size());
  for (std::size_t i = 0; i < stack_.size(); ++i) {
    axcl::IoBinding& binding = slot.bindings.emplace_back(stack_.layer(i), shapes.decode_group);
    binding.bind_input(ports.input, hidden_[i % 2]);
    binding.bind_output(ports.output, hidden_[(i + 1) % 2]);
    binding.bind_input(ports.mask, slot.mask.span());
    binding.bind_input(ports.indices, indices_.span());
    binding.bind_input(ports.k_cache, cache.keys(i, 0, cache.shape().context));
    binding.bind_input(ports.v_cache, cache.values(i, 0, cache.shape().context));
  }
  return slot;
}

std::size_t DecodeChain::card_bytes() const noexcept {
  return own_hidden_.size() + indices_.size();
}

/// Uploads the columns that change: one (two bytes) from a token to the next.
void DecodeChain::update_mask(DecodeSlot& slot, std::size_t cached) {
  const std::span<std::byte> bytes = slot.host_mask.bytes();
  const std::span<Bf16> mask(reinterpret_cast<Bf16*>(bytes.data()), bytes.size() / sizeof(Bf16));
  if (slot.visible == cached) {
    return;
  }
  std::size_t first = 0;
  std::size_t last = mask.size();
  if (slot.visible) {
    first = std::min(*slot.visible, cached);
    last = std::max(*slot.visible, cached);
    std::fill(mask.begin() + static_cast<std::ptrdiff_t>(first),
              mask.begin() + static_cast<std::ptrdiff_t>(last), cached > *slot.visible ? kVisible : kHidden);
  } else {
    fill_decode_mask(mask, cached);
  }
  slot.visible.reset();
  queue_.upload(slot.mask.span().subspan(first * sizeof(Bf16), (last - first) * sizeof(Bf16)),
                std::as_bytes(mask.subspan(first, last - first)));
  slot.visible = cached;
}

/// Binds the token's place in the cache (host bookkeeping only) and shows the tokens before it.
void DecodeChain::begin(DecodeSlot& slot, const KvCache& cache) {
  const std::size_t position = cache.size();
  if (position >= cache.shape().context) {
    throw base::Error(base::ErrorCode::kInternal, "There is no room for a token behind " +
                                                      std::to_string(position) + " in a context of " +
                                                      std::to_string(cache.shape().context) + ".");
  }
  const LayerPorts& ports = stack_.ports();
  for (std::size_t i = 0; i < stack_.size(); ++i) {
    slot.bindings[i].bind_output(ports.k_cache_out, cache.keys(i, position, 1));
    slot.bindings[i].bind_output(ports.v_cache_out, cache.values(i, position, 1));
  }
  update_mask(slot, position);
}

void DecodeChain::execute(DecodeSlot& slot, std::size_t position) {
  auto* index = reinterpret_cast<std::uint32_t*>(host_indices_.bytes().data());
  std::fill_n(index, stack_.shapes().index_rows, static_cast<std::uint32_t>(position));
  queue_.upload(indices_.span(), host_indices_.bytes());
  for (axcl::IoBinding& binding : slot.bindings) {
    queue_.execute(binding);
  }
}

void DecodeChain::run(DecodeSlot& slot, const KvCache& cache, std::span<const Bf16> embedding) {
  begin(slot, cache);
  std::copy_n(std::as_bytes(embedding).begin(), host_embedding_.bytes().size(),
              host_embedding_.bytes().begin());
  queue_.upload(hidden_[0], host_embedding_.bytes());
  execute(slot, cache.size());
}

void DecodeChain::run(DecodeSlot& slot, const KvCache& cache, axcl::DeviceSpan embedding) {
  begin(slot, cache);
  queue_.copy(hidden_[0], embedding);
  execute(slot, cache.size());
}

}  // namespace axllama::inference
