#include "inference/kv_slots.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "inference/slot_choice.h"

namespace axllama::inference {
namespace {

/// How many slots fit beside the first, by the card's own word. Without it there is no telling: none.
std::size_t spare_slots(axcl::Card& card, std::uint64_t slot_bytes) {
  const auto properties = card.properties();
  if (!properties || properties->cmm_free_bytes <= kCardReserveBytes) {
    return 0;
  }
  return static_cast<std::size_t>((properties->cmm_free_bytes - kCardReserveBytes) / slot_bytes);
}

}  // namespace

KvSlots::KvSlots(axcl::Card& card, const KvCacheShape& shape, DecodeChain& chain, Head& head,
                 std::size_t most, std::size_t wanted)
    : card_(card), shape_(shape), chain_(chain), head_(head), most_(most) {
  slots_.push_back(std::make_unique<KvSlot>(card, shape, chain, head));
  if (most_ == 0) {
    most_ =
        std::min(1 + spare_slots(card, slots_.front()->card_bytes()), std::max(wanted, kMostSlotsByDefault));
  }
}

std::size_t KvSlots::busy() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(slots_.begin(), slots_.end(), [](const auto& slot) { return slot->busy; }));
}

std::size_t KvSlots::card_bytes() const noexcept {
  return slots_.size() * slots_.front()->card_bytes();
}

/// False when the card has no memory for another slot; it is not asked again.
bool KvSlots::grow() {
  try {
    slots_.push_back(std::make_unique<KvSlot>(card_, shape_, chain_, head_));
    return true;
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kResourceExhausted) {
      throw;
    }
    most_ = slots_.size();
    return false;
  }
}

bool KvSlots::has_only_copy(const KvSlot& slot) const {
  const std::size_t pinned = std::min(slot.pinned, slot.cache.size());
  const std::vector<text::TokenId>& tokens = slot.cache.tokens();
  return pinned > 0 && std::none_of(slots_.begin(), slots_.end(), [&](const auto& other) {
           return other.get() != &slot && other->cache.size() >= pinned &&
                  std::equal(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(pinned),
                             other->cache.tokens().begin());
         });
}

KvSlot& KvSlots::acquire(std::span<const text::TokenId> prompt) {
  const auto choose = [&] {
    std::vector<SlotView> views;
    views.reserve(slots_.size());
    for (const auto& slot : slots_) {
      views.push_back({slot->busy, slot->cache.size(), slot->cache.common_prefix(prompt), slot->pinned,
                       has_only_copy(*slot), slot->last_used});
    }
    return choose_slot(views, slots_.size() < most_);
  };
  std::optional<std::size_t> index = choose();
  if (!index && slots_.size() < most_) {
    index = grow() ? slots_.size() - 1 : choose();
  }
  if (!index) {
    throw base::Error(base::ErrorCode::kResourceExhausted,
                      "All " + std::to_string(slots_.size()) +
                          " KV slots of the model are in use, and the card has no memory for another.");
  }
  KvSlot& slot = *slots_[*index];
  slot.busy = true;
  slot.last_used = ++uses_;
  return slot;
}

void KvSlots::release(KvSlot& slot) noexcept {
  slot.busy = false;
  slot.last_used = ++uses_;
  if (slot.forget_when_free) {
    slot.cache.forget(false);
    slot.forget_when_free = false;
  }
}

KvSlot* KvSlots::longest_match(std::span<const text::TokenId> prompt, const KvSlot* other) noexcept {
  KvSlot* best = nullptr;
  std::size_t longest = 0;
  for (const auto& slot : slots_) {
    const bool usable = slot.get() != other && !slot->forget_when_free;
    const std::size_t common = usable ? slot->cache.common_prefix(prompt) : 0;
    if (common > longest) {
      best = slot.get();
      longest = common;
    }
  }
  return best;
}

KvSlot& KvSlots::latest() noexcept {
  return **std::max_element(slots_.begin(), slots_.end(),
                            [](const auto& a, const auto& b) { return a->last_used < b->last_used; });
}

void KvSlots::forget_all() noexcept {
  for (const auto& slot : slots_) {
    if (slot->busy) {
      slot->forget_when_free = true;
    } else {
      slot->cache.forget(false);
    }
  }
}

bool KvSlots::shed() noexcept {
  const KvSlot* kept = &latest();
  const auto removable = [&](const auto& slot) { return !slot->busy && slot.get() != kept; };
  return std::erase_if(slots_, removable) > 0;
}

}  // namespace axllama::inference
