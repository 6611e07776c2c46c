#include "inference/decode_chain.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "inference/mask_builder.h"

namespace axllama::inference {

using base::Bf16;

DecodeChain::DecodeChain(axcl::Card& card, LayerStack& stack, axcl::DeviceSpan last_output)
    : card_(card), stack_(stack) {
  const model::LayerShapes& shapes = stack.shapes();
  const std::size_t hidden_bytes = shapes.hidden * sizeof(Bf16);
  const std::size_t mask_bytes = (shapes.context + 1) * sizeof(Bf16);
  const std::size_t index_bytes = shapes.index_rows * sizeof(std::uint32_t);
  own_hidden_ = axcl::DeviceBuffer(card, hidden_bytes);
  mask_ = axcl::DeviceBuffer(card, mask_bytes);
  indices_ = axcl::DeviceBuffer(card, index_bytes);
  host_embedding_ = axcl::HostBuffer(card, hidden_bytes);
  host_mask_ = axcl::HostBuffer(card, mask_bytes);
  host_indices_ = axcl::HostBuffer(card, index_bytes);

  const std::size_t last = stack.size() % 2;  // where the last layer writes
  hidden_[last] = last_output;
  hidden_[1 - last] = own_hidden_.span();

  const LayerPorts& ports = stack.ports();
  bindings_.reserve(stack.size());
  for (std::size_t i = 0; i < stack.size(); ++i) {
    axcl::IoBinding& binding = bindings_.emplace_back(stack.layer(i), shapes.decode_group);
    binding.bind_input(ports.input, hidden_[i % 2]);
    binding.bind_output(ports.output, hidden_[(i + 1) % 2]);
    binding.bind_input(ports.mask, mask_.span());
    binding.bind_input(ports.indices, indices_.span());
  }
}

std::size_t DecodeChain::card_bytes() const noexcept {
  return own_hidden_.size() + mask_.size() + indices_.size();
}

std::span<Bf16> DecodeChain::host_mask() noexcept {
  return {reinterpret_cast<Bf16*>(host_mask_.bytes().data()), host_mask_.bytes().size() / sizeof(Bf16)};
}

/// Host bookkeeping only. The cache is bound at its base and stays so; the outputs move on by one row per
/// token.
void DecodeChain::bind(const KvCache& cache, std::size_t position) {
  const LayerPorts& ports = stack_.ports();
  for (std::size_t i = 0; i < bindings_.size(); ++i) {
    if (bound_cache_ != &cache) {
      bindings_[i].bind_input(ports.k_cache, cache.keys(i, 0, cache.shape().context));
      bindings_[i].bind_input(ports.v_cache, cache.values(i, 0, cache.shape().context));
    }
    bindings_[i].bind_output(ports.k_cache_out, cache.keys(i, position, 1));
    bindings_[i].bind_output(ports.v_cache_out, cache.values(i, position, 1));
  }
  bound_cache_ = &cache;
}

/// Uploads the columns that change: one (two bytes) from a token to the next.
void DecodeChain::update_mask(std::size_t cached) {
  const std::span<Bf16> mask = host_mask();
  if (visible_ == cached) {
    return;
  }
  std::size_t first = 0;
  std::size_t last = mask.size();
  if (visible_) {
    first = std::min(*visible_, cached);
    last = std::max(*visible_, cached);
    std::fill(mask.begin() + static_cast<std::ptrdiff_t>(first),
              mask.begin() + static_cast<std::ptrdiff_t>(last), cached > *visible_ ? kVisible : kHidden);
  } else {
    fill_decode_mask(mask, cached);
  }
  visible_.reset();
  card_.upload(mask_.span().subspan(first * sizeof(Bf16), (last - first) * sizeof(Bf16)),
               std::as_bytes(mask.subspan(first, last - first)));
  visible_ = cached;
}

void DecodeChain::run(const KvCache& cache, std::span<const Bf16> embedding) {
  const std::size_t position = cache.size();
  if (position >= cache.shape().context) {
    throw base::Error(base::ErrorCode::kInternal, "There is no room for a token behind " +
                                                      std::to_string(position) + " in a context of " +
                                                      std::to_string(cache.shape().context) + ".");
  }
  bind(cache, position);
  update_mask(position);
  std::copy_n(std::as_bytes(embedding).begin(), host_embedding_.bytes().size(),
              host_embedding_.bytes().begin());
  card_.upload(hidden_[0], host_embedding_.bytes());
  auto* index = reinterpret_cast<std::uint32_t*>(host_indices_.bytes().data());
  std::fill_n(index, stack_.shapes().index_rows, static_cast<std::uint32_t>(position));
  card_.upload(indices_.span(), host_indices_.bytes());
  for (axcl::IoBinding& binding : bindings_) {
    binding.execute();
  }
}

}  // namespace axllama::inference
