#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

// Where keys and values of token sequences are kept when they are not in a slot on the card: host memory,
// disk. The engine moves rows in small pieces between its calls, so that no running answer waits for a whole
// cache; a tier only keeps bytes. Row t of a layer belongs to token t: `row_bytes` of keys, and as many of
// values.

/// Sizes of what is kept. Two sequences can share rows only when these are equal.
struct KvLayout {
  std::size_t layers = 0;
  std::size_t row_bytes = 0;  // of one token's keys (or values) in one layer: kv_width bf16

  bool operator==(const KvLayout&) const = default;
};

/// A kept sequence, being read. Owner (lane) thread only. Destroyed at any time it frees what it has read,
/// without waiting for a disk.
class KvSource {
 public:
  virtual ~KvSource() = default;
  /// How many of the prompt's first tokens there are rows for.
  virtual std::size_t tokens() const = 0;
  /// Rows [first, last) of each layer are going to be read, layer by layer: a tier that is slow begins now.
  virtual void begin(std::size_t /*first*/, std::size_t /*last*/) {}
  /// How many of rows [first, first + count) of a layer read() can give without waiting for a disk. 0: none
  /// yet; the tier wakes its owner when that has changed. More than 0 also when they are known to be
  /// unusable, so that read() can say so.
  virtual std::size_t ready(std::size_t /*layer*/, std::size_t /*first*/, std::size_t count) { return count; }
  /// Fills `keys` and `values` with rows [first, first + keys.size() / row_bytes) of a layer, first row
  /// first. False when they turn out to be unusable (a checksum, a read error): the engine then computes all
  /// of them. Waits for a disk where they are not ready. Does not throw.
  virtual bool read(std::size_t layer, std::size_t first, std::span<std::byte> keys,
                    std::span<std::byte> values) = 0;
};

/// A sequence on its way into a tier. Destroyed without finish(): nothing of it stays. Owner thread only.
class KvSink {
 public:
  virtual ~KvSink() = default;
  /// The rows before this one are kept already; the engine brings [first(), tokens) of every layer.
  virtual std::size_t first() const = 0;
  /// Takes rows [first, first + keys.size() / row_bytes) of a layer. Called layer by layer, rows in order.
  /// False: not wanted any more (no room, an error); the engine drops the sink. Does not throw.
  virtual bool write(std::size_t layer, std::size_t first, std::span<const std::byte> keys,
                     std::span<const std::byte> values) = 0;
  /// All rows have been written. Slow work (disk) belongs to a thread of the tier. Does not throw.
  virtual void finish() = 0;
};

/// What one loaded model sees of a store of sequences. Called by the owner thread of its card; each call is
/// short (none but a read() of what is not ready waits for a disk) and does not throw.
class KvTier {
 public:
  virtual ~KvTier() = default;
  /// The most tokens at the beginning of `prompt` that load() could bring now; 0: none.
  virtual std::size_t longest_match(std::span<const text::TokenId> prompt) = 0;
  /// About how many seconds pass until a disk has given the rows of that match behind its first `known`
  /// tokens; 0: none is needed.
  virtual double read_seconds(std::span<const text::TokenId> /*prompt*/, std::size_t /*known*/) { return 0; }
  /// Begins to read that match; null when it is gone or worth nothing.
  virtual std::unique_ptr<KvSource> load(std::span<const text::TokenId> prompt) = 0;
  /// Offers a sequence; null when it is kept already or not wanted. `tokens` is copied. `pinned`: so many
  /// first tokens are shared with other requests and worth keeping longest.
  virtual std::unique_ptr<KvSink> store(std::span<const text::TokenId> tokens, std::size_t pinned) = 0;
  /// Called from now on by a thread of the tier when rows of a source have become ready that were not, never
  /// after the source is gone. It holds a lock of the tier: it must be short, and call nothing of the tier
  /// nor wait for anybody who does.
  virtual void wake_by(std::function<void()> /*wake*/) {}
};

/// Makes the tier of a loaded model; null: none. `digest` is the package's. Thread-safe: with several cards,
/// tiers of one digest are used by several threads.
using KvTierFactory =
    std::function<std::shared_ptr<KvTier>(const std::string& digest, const KvLayout& layout)>;

}  // namespace axllama::inference
