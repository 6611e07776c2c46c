// What engines take on the card they give back, however often and in whatever order. The software card only
// counts here: its outputs are zero.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "inference/testing/loaded_engine.h"
#include "tests/support/softcard_settings.h"

namespace axllama::inference {
namespace {

using testing::RandomModel;

class CardMemory : public ::testing::Test {
 protected:
  std::uint64_t free_bytes() { return card.card().properties().value().cmm_free_bytes; }
  static RandomModel smallest() {
    RandomModel model;
    model.layers = 1;
    model.histories = {0, 64};
    return model;
  }

  testing::SoftcardSettings settings{R"({"compute":"null","properties_ms":0})"};
  TestCard card;
  TestPackage package{smallest()};
};

TEST_F(CardMemory, IsFlatOverManyLoads) {
  const auto opened = package.open();
  const std::uint64_t before = free_bytes();
  for (int i = 0; i < 150; ++i) {
    const auto engine = Engine::load(card.card(), opened, {}, {.kv_slots = 2});
    if (i % 10 == 0) {
      const auto one = engine->start(greedy(random_tokens(5, 1), 3));
      const auto two = engine->start(greedy(random_tokens(5, 2), 3));
      one->step();
      EXPECT_LT(free_bytes(), before);
    }
  }
  EXPECT_EQ(free_bytes(), before);
}

TEST_F(CardMemory, IsFlatOverTenThousandRequests) {
  const auto engine = Engine::load(card.card(), package.open(), {}, {.kv_slots = 4});
  Random random(5);
  std::vector<std::unique_ptr<Engine::Generation>> running;
  const auto fill_slots = [&] {
    while (engine->free_slots() > 0) {
      running.push_back(engine->start(greedy(random_tokens(1 + random.next() % 100, random.next() % 20),
                                             static_cast<int>(random.next() % 4))));
    }
  };
  fill_slots();
  const std::uint64_t busy = free_bytes();
  const std::uint64_t engine_bytes = engine->card_bytes();
  std::size_t ended = 0;
  std::size_t cancelled = 0;
  while (ended + cancelled < 10'000) {
    fill_slots();
    const std::size_t turn = random.next() % running.size();
    bool over = false;
    if (random.next() % 16 == 0) {
      over = running[turn]->cancel().done;
      ++cancelled;
    } else if (running[turn]->step().done) {
      over = true;
      ++ended;
    }
    if (over) {
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(turn));
    }
  }
  EXPECT_GT(cancelled, 1000U);
  EXPECT_GT(ended, 1000U);
  EXPECT_EQ(free_bytes(), busy);
  EXPECT_EQ(engine->card_bytes(), engine_bytes);
  running.clear();
  EXPECT_EQ(engine->free_slots(), 4U);
}

}  // namespace
}  // namespace axllama::inference
