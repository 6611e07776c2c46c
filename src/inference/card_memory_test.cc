// What engines take they give back, on the card and on the host, however often and in whatever order. The
// software card only counts here: its outputs are zero.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "inference/testing/loaded_engine.h"
#include "tests/support/softcard_settings.h"

namespace axllama::inference {
namespace {

using testing::RandomModel;

/// With calls one by one (false) and given to the card at once (true).
class CardMemory : public ::testing::TestWithParam<bool> {
 protected:
  CardMemory() { testing::clear_software_card_reports(); }

  /// Everything that the software card counts as held: memory, host memory, models, handles.
  nlohmann::json held() const {
    return nlohmann::json::parse(card_->runtime()->software_card_counters()).at("held");
  }
  /// Closes the card; what it still finds held then is a leak.
  void expect_nothing_left() {
    card_.reset();
    EXPECT_EQ(testing::software_card_reports(), "[]");
  }
  std::unique_ptr<Engine> load(std::size_t slots) {
    return Engine::load(card_->card(), opened_, {}, {.kv_slots = slots, .asynchronous = GetParam()});
  }

 private:
  static RandomModel smallest() {
    RandomModel model;
    model.layers = 1;
    model.histories = {0, 64};
    return model;
  }

  testing::SoftcardSettings settings_{R"({"compute":"null","properties_ms":0})"};
  std::optional<TestCard> card_{std::in_place};
  TestPackage package_{smallest()};
  std::shared_ptr<const model::Package> opened_ = package_.open();
};

TEST_P(CardMemory, IsFlatOverAThousandLoads) {
  const nlohmann::json before = held();
  for (int i = 0; i < 1000; ++i) {
    const auto engine = load(2);
    if (i % 10 == 0) {
      const auto one = engine->start(greedy(random_tokens(5, 1), 3));
      const auto two = engine->start(greedy(random_tokens(5, 2), 3));
      one->step();
      EXPECT_GT(held().at("card_bytes"), before.at("card_bytes"));
    }
  }
  EXPECT_EQ(held(), before);
  expect_nothing_left();
}

TEST_P(CardMemory, IsFlatOverTenThousandRequests) {
  auto engine = load(4);
  Random random(5);
  std::vector<std::unique_ptr<Engine::Generation>> running;
  const auto fill_slots = [&] {
    while (engine->free_slots() > 0) {
      running.push_back(engine->start(greedy(random_tokens(1 + random.next() % 100, random.next() % 20),
                                             static_cast<int>(random.next() % 4))));
    }
  };
  fill_slots();
  const nlohmann::json busy = held();
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
  EXPECT_EQ(held(), busy);
  EXPECT_EQ(engine->card_bytes(), engine_bytes);
  running.clear();
  EXPECT_EQ(engine->free_slots(), 4U);
  engine.reset();
  expect_nothing_left();
}

INSTANTIATE_TEST_SUITE_P(Calls, CardMemory, ::testing::Bool(),
                         [](const auto& instance) { return instance.param ? "AtOnce" : "OneByOne"; });

}  // namespace
}  // namespace axllama::inference
