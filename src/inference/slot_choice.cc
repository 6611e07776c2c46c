#include "inference/slot_choice.h"

#include <tuple>

namespace axllama::inference {
namespace {

/// So few tokens behind the common beginning are not worth a slot of their own.
constexpr std::size_t kTrifle = 16;

/// Whether the prompt is the next turn (or another attempt at the last one) of the slot's conversation, and
/// not another conversation with the same system prompt.
bool goes_on(const SlotView& slot) {
  if (slot.common == 0) {
    return false;
  }
  const bool same_conversation =
      slot.common > slot.pinned && 2 * (slot.common - slot.pinned) >= slot.size - slot.pinned;
  return same_conversation || slot.size - slot.common <= kTrifle;
}

}  // namespace

std::optional<std::size_t> choose_slot(std::span<const SlotView> slots, bool may_grow) {
  std::optional<std::size_t> best;  // goes on, the longest, of these the latest
  std::optional<std::size_t> empty;
  std::optional<std::size_t> oldest;  // of the pinned ones only where there are no others
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const SlotView& slot = slots[i];
    if (slot.busy) {
      continue;
    }
    if (goes_on(slot) && (!best || std::tie(slot.common, slot.last_used) >
                                       std::tie(slots[*best].common, slots[*best].last_used))) {
      best = i;
    }
    if (slot.size == 0 && !empty) {
      empty = i;
    }
    if (!oldest || std::tie(slot.only_copy_of_pin, slot.last_used) <
                       std::tie(slots[*oldest].only_copy_of_pin, slots[*oldest].last_used)) {
      oldest = i;
    }
  }
  if (best || empty) {
    return best ? best : empty;
  }
  return may_grow ? std::nullopt : oldest;
}

}  // namespace axllama::inference
