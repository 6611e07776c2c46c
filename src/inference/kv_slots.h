#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "axcl/card.h"
#include "inference/decode_chain.h"
#include "inference/head.h"
#include "inference/kv_cache.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// More slots than this are not made unless asked for: each costs memory that another model could use.
inline constexpr std::size_t kMostSlotsByDefault = 4;
/// Card memory that slots by default leave free, for what else a card needs while it works.
inline constexpr std::uint64_t kCardReserveBytes = std::uint64_t{256} << 20U;

/// A whole KV cache on the card, for one sequence at a time.
struct KvSlot {
  KvSlot(axcl::Card& card, const KvCacheShape& shape, DecodeChain& chain, Head& head)
      : cache(card, shape), decode(chain.make_slot(cache)), result(head.make_output()) {}
  KvSlot(const KvSlot&) = delete;
  KvSlot& operator=(const KvSlot&) = delete;

  std::size_t card_bytes() const noexcept { return cache.bytes() + decode.mask.size(); }

  KvCache cache;
  DecodeSlot decode;
  Head::Output result;  // after the token evaluated last
  bool busy = false;
  bool forget_when_free = false;
  bool saved = false;      // a tier has been offered what the cache holds
  std::size_t pinned = 0;  // first tokens that other requests will share
  std::uint64_t last_used = 0;
};

/// The KV slots of one model: made one after the other as they are needed, up to a number. Sequences switch
/// by using another slot's addresses; nothing is moved. Owner thread only.
class KvSlots {
 public:
  /// Makes the first slot. `most` 0: as many as the card has memory for, at least `wanted`, at most
  /// kMostSlotsByDefault or `wanted`. Throws Error (kResourceExhausted, kDevice). `chain` and `head` must
  /// outlive it.
  KvSlots(axcl::Card& card, const KvCacheShape& shape, DecodeChain& chain, Head& head, std::size_t most,
          std::size_t wanted);

  /// Sequences there can be at once.
  std::size_t most() const noexcept { return most_; }
  std::size_t busy() const noexcept;
  std::size_t card_bytes() const noexcept;

  /// A slot for `prompt` (see choose_slot), busy from now on. Its cache is untouched. Throws Error
  /// (kResourceExhausted) when all are busy, and no other can be made.
  KvSlot& acquire(std::span<const text::TokenId> prompt);
  void release(KvSlot& slot) noexcept;

  /// The slot other than `other`, busy or not, with most tokens that `prompt` begins with; null: none has
  /// any.
  KvSlot* longest_match(std::span<const text::TokenId> prompt, const KvSlot* other) noexcept;
  /// The slot used last.
  KvSlot& latest() noexcept;
  const std::vector<std::unique_ptr<KvSlot>>& all() const noexcept { return slots_; }

  /// Forgets what is cached; of busy slots when they are free.
  void forget_all() noexcept;
  /// Gives back the memory of all free slots but one; whether there were any.
  bool shed() noexcept;

 private:
  bool grow();
  bool has_only_copy(const KvSlot& slot) const;

  axcl::Card& card_;
  KvCacheShape shape_;
  DecodeChain& chain_;
  Head& head_;
  std::size_t most_;
  std::uint64_t uses_ = 0;
  std::vector<std::unique_ptr<KvSlot>> slots_;
};

}  // namespace axllama::inference
