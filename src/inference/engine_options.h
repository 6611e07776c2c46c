#pragma once

#include <chrono>
#include <cstddef>

namespace axllama::inference {

/// How an engine uses its card.
struct EngineOptions {
  /// KV slots: conversations whose keys and values stay on the card, and generations that can run at once.
  /// 0: as many as the card has memory for when the model is loaded, within limits (see KvSlots).
  std::size_t kv_slots = 0;
  /// Generations that shall be able to run at once; raises the limit where `kv_slots` is 0.
  std::size_t parallel = 1;
  /// Gives the card all work of an engine call at once, in a stream, and waits once. Only where the card's
  /// self-test has found that right (axcl::SelfTestReport::asynchronous).
  bool asynchronous = false;
  /// Guesses tokens from what was said before and verifies several at once, while that is faster. They are
  /// those of plain decoding only where the card's chunks give the rows of decoding, byte for byte
  /// (axcl::SelfTestReport::chunks_equal_decodes).
  bool speculation = true;
  /// Keeps the embedding table on the card as well, where there is memory for it: decoding a token then sends
  /// an index and a mask entry only.
  bool card_embeddings = false;
  /// What Engine::measure_unknown_costs() may take; the rest is estimated until it is measured.
  std::chrono::nanoseconds measuring_time = std::chrono::seconds(2);
};

}  // namespace axllama::inference
