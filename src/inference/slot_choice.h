#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace axllama::inference {

/// What the choice of a KV slot for a prompt looks at.
struct SlotView {
  bool busy = false;
  std::size_t size = 0;           // tokens cached
  std::size_t common = 0;         // of these, what the prompt begins with
  std::size_t pinned = 0;         // of these, what other requests will share (a system prompt)
  bool only_copy_of_pin = false;  // no other slot begins with its pinned tokens
  std::uint64_t last_used = 0;    // a count that grows with time
};

/// The free slot that a prompt is to use, or nothing where a new one should be made. A prompt that goes on
/// with a slot's conversation takes that slot. Any other gets an empty slot, then a new one where there may
/// be more, then the slot that was used longest ago, those that alone hold a pinned beginning last; its
/// common beginning with a conversation worth keeping can be copied. Needs a free slot or `may_grow`.
std::optional<std::size_t> choose_slot(std::span<const SlotView> slots, bool may_grow);

}  // namespace axllama::inference
