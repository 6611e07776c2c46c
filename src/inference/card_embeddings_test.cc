// The embedding table on the card: the same tokens, and less on the bus.

#include "inference/card_embeddings.h"

#include <vector>

#include <gtest/gtest.h>

#include "inference/testing/loaded_engine.h"
#include "tests/support/softcard_settings.h"

namespace axllama::inference {
namespace {

constexpr std::uint64_t kTableBytes = 320U * 64 * 2;  // of the random model

axcl::CallCounters of_one_token(Loaded& loaded) {
  const auto generation = loaded.engine->start(greedy(random_tokens(20, 4), 20));
  while (generation->step().tokens.empty()) {
  }
  generation->step();
  const axcl::CallCounters before = loaded.card.card().counters();
  generation->step();
  return loaded.card.card().counters() - before;
}

TEST(CardEmbeddings, GiveTheSameTokensAndSendLess) {
  Loaded host;
  Loaded card({}, {.card_embeddings = true});
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const GenerationRequest request = greedy(random_tokens(30, seed), 60);
    EXPECT_EQ(run(*card.engine, request).tokens, run(*host.engine, request).tokens);
  }
  EXPECT_EQ(card.engine->card_bytes(), host.engine->card_bytes() + kTableBytes);
  const axcl::CallCounters sent = of_one_token(host);
  const axcl::CallCounters copied = of_one_token(card);
  EXPECT_EQ(copied.remote_calls, sent.remote_calls);
  EXPECT_EQ(copied.bytes_to_card, 4U + 2);  // an index and a mask entry
  EXPECT_EQ(sent.bytes_to_card, 4U + 2 + 64 * 2);
  EXPECT_EQ(copied.bytes_on_card, sent.bytes_on_card + 64 * 2);
}

TEST(CardEmbeddings, GoWhenTheMemoryIsNeeded) {
  Loaded loaded({}, {.card_embeddings = true});
  const GenerationRequest request = greedy(random_tokens(30, 1), 20);
  const Answer before = run(*loaded.engine, request);
  const std::uint64_t bytes = loaded.engine->card_bytes();
  EXPECT_TRUE(loaded.engine->release_spare_memory());
  EXPECT_FALSE(loaded.engine->release_spare_memory());
  EXPECT_EQ(loaded.engine->card_bytes(), bytes - kTableBytes);
  loaded.engine->reset_cache();
  EXPECT_EQ(run(*loaded.engine, request).tokens, before.tokens);
  EXPECT_EQ(of_one_token(loaded).bytes_to_card, 4U + 2 + 64 * 2);
}

TEST(CardEmbeddings, StayOnTheHostWhereTheCardHasNoMemory) {
  const testing::SoftcardSettings settings(R"({"cmm_mib":64,"properties_ms":0})");
  Loaded loaded({}, {.card_embeddings = true});
  EXPECT_EQ(of_one_token(loaded).bytes_to_card, 4U + 2 + 64 * 2);
  EXPECT_FALSE(loaded.engine->release_spare_memory());
}

}  // namespace
}  // namespace axllama::inference
