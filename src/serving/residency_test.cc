#include "serving/residency.h"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace axllama::serving {
namespace {

using namespace std::chrono_literals;
using Digests = std::vector<std::string>;

const Residency::Time kStart{1000s};
const std::chrono::system_clock::time_point kWall{5000s};

class ResidencyTest : public ::testing::Test {
 protected:
  void load(const std::string& digest, std::optional<KeepAlive> keep_alive = {}) {
    residency.begin_load({"model-" + digest, digest, nullptr}, 4);
    residency.begin_use(digest, keep_alive);
    residency.loaded(digest, 100, 2048);
  }
  void load_and_leave(const std::string& digest, Residency::Time now,
                      std::optional<KeepAlive> keep_alive = {}) {
    load(digest, keep_alive);
    residency.end_use(digest, now);
  }

  Residency residency{5min};
};

TEST_F(ResidencyTest, CountsTheKeepAliveFromTheEndOfTheLastRequest) {
  load("a");
  EXPECT_EQ(residency.next_expiry(), std::nullopt);
  EXPECT_EQ(residency.expired(kStart + 24h), Digests{});
  residency.end_use("a", kStart);
  EXPECT_EQ(residency.next_expiry(), kStart + 5min);
  EXPECT_EQ(residency.expired(kStart + 5min - 1ns), Digests{});
  EXPECT_EQ(residency.expired(kStart + 5min), Digests{"a"});
  residency.begin_use("a", {});
  residency.end_use("a", kStart + 4min);
  EXPECT_EQ(residency.next_expiry(), kStart + 9min);
}

TEST_F(ResidencyTest, KeepsTheLastExplicitKeepAlive) {
  load_and_leave("a", kStart, KeepAlive{10s});
  EXPECT_EQ(residency.next_expiry(), kStart + 10s);
  residency.begin_use("a", {});
  residency.end_use("a", kStart + 1s);
  EXPECT_EQ(residency.next_expiry(), kStart + 11s);
  residency.begin_use("a", KeepAlive{KeepAlive::kForever});
  residency.end_use("a", kStart + 2s);
  EXPECT_EQ(residency.next_expiry(), std::nullopt);
  EXPECT_EQ(residency.expired(Residency::Time::max()), Digests{"a"});
  residency.begin_use("a", KeepAlive{0s});
  residency.end_use("a", kStart + 3s);
  EXPECT_EQ(residency.expired(kStart + 3s), Digests{"a"});
}

TEST_F(ResidencyTest, ShowsWhenAModelGoes) {
  load("a", KeepAlive{30s});
  EXPECT_EQ(residency.snapshot(kStart, kWall).at(0).expires_at, kWall + 30s);
  residency.end_use("a", kStart);
  EXPECT_EQ(residency.snapshot(kStart + 10s, kWall + 10s).at(0).expires_at, kWall + 30s);
  residency.begin_use("a", KeepAlive{KeepAlive::kForever});
  EXPECT_EQ(residency.snapshot(kStart, kWall).at(0).expires_at, std::chrono::system_clock::time_point::max());
  residency.begin_use("a", KeepAlive{KeepAlive::kForever - 1ns});
  EXPECT_EQ(residency.snapshot(kStart, kWall).at(0).expires_at, std::chrono::system_clock::time_point::max());
  EXPECT_TRUE(residency.request_unload("a"));
  EXPECT_EQ(residency.snapshot(kStart, kWall + 1s).at(0).expires_at, kWall + 1s);
}

TEST_F(ResidencyTest, ShowsTheProgressOfALoad) {
  residency.begin_load({"model", "d", nullptr}, 36);
  residency.loading("d", 7);
  LoadedModel model = residency.snapshot(kStart, kWall).at(0);
  EXPECT_TRUE(model.loading);
  EXPECT_EQ(model.layers_loaded, 7U);
  EXPECT_EQ(model.layers_total, 36U);
  residency.loaded("d", 12345, 2048);
  model = residency.snapshot(kStart, kWall).at(0);
  EXPECT_FALSE(model.loading);
  EXPECT_EQ(model.layers_loaded, 36U);
  EXPECT_EQ(model.card_bytes, 12345U);
  EXPECT_EQ(model.context_length, 2048U);
  EXPECT_EQ(model.model.name, "model");
}

TEST_F(ResidencyTest, UnloadsOnRequestWhenIdle) {
  EXPECT_FALSE(residency.request_unload("a"));
  load("a", KeepAlive{KeepAlive::kForever});
  EXPECT_TRUE(residency.request_unload("a"));
  EXPECT_EQ(residency.expired(kStart), Digests{});
  residency.end_use("a", kStart);
  EXPECT_EQ(residency.expired(kStart), Digests{"a"});
  residency.remove("a");
  EXPECT_FALSE(residency.contains("a"));
}

TEST_F(ResidencyTest, EvictsTheIdleModelUsedLongestAgo) {
  EXPECT_EQ(residency.victim(), std::nullopt);
  load_and_leave("b", kStart + 1s);
  load_and_leave("a", kStart + 2s);
  load("c");
  EXPECT_EQ(residency.victim(), "b");
  residency.begin_use("b", {});
  EXPECT_EQ(residency.victim(), "a");
  residency.end_use("b", kStart + 3s);
  EXPECT_EQ(residency.victim(), "a");
}

TEST_F(ResidencyTest, GivesUpModelsThatAreToStayForEverLastAndPinnedOnesNever) {
  residency.pin("pinned");
  load_and_leave("pinned", kStart, KeepAlive{1s});
  load_and_leave("forever", kStart + 1s, KeepAlive{KeepAlive::kForever});
  load_and_leave("usual", kStart + 2s);
  EXPECT_EQ(residency.victim(), "usual");
  residency.remove("usual");
  EXPECT_EQ(residency.victim(), "forever");
  residency.pin("forever");
  EXPECT_EQ(residency.victim(), std::nullopt);
}

TEST_F(ResidencyTest, APinnedModelStaysUntilItsUnloadingIsAskedForAndIsPinnedAgainWhenItComesBack) {
  residency.pin("a");
  load_and_leave("a", kStart, KeepAlive{0s});
  EXPECT_EQ(residency.next_expiry(), std::nullopt);
  EXPECT_EQ(residency.expired(kStart + 24h), Digests{});
  EXPECT_TRUE(residency.snapshot(kStart, kWall).at(0).pinned);
  EXPECT_EQ(residency.snapshot(kStart, kWall).at(0).expires_at, std::chrono::system_clock::time_point::max());
  EXPECT_TRUE(residency.request_unload("a"));
  EXPECT_EQ(residency.expired(kStart), Digests{"a"});
  residency.remove("a");
  load_and_leave("a", kStart);
  EXPECT_EQ(residency.victim(), std::nullopt);
  EXPECT_EQ(residency.expired(kStart + 24h), Digests{});
}

TEST_F(ResidencyTest, PinnedModelsThatAreLostAreMissedUntilTheyAreBackOrAskedAway) {
  residency.pin("a");
  residency.pin("b");
  load_and_leave("a", kStart);
  load_and_leave("b", kStart);
  load_and_leave("c", kStart);
  EXPECT_TRUE(residency.request_unload("b"));
  EXPECT_TRUE(residency.missed().empty());
  residency.lose_all();
  EXPECT_TRUE(residency.empty());
  ASSERT_EQ(residency.missed().size(), 1U);  // b was to go, and c may
  EXPECT_EQ(residency.missed().at("a").digest, "a");
  load("a");
  EXPECT_TRUE(residency.missed().empty());
  residency.lose("a");
  residency.lose("nothing");
  EXPECT_TRUE(residency.request_unload("a"));
  EXPECT_FALSE(residency.request_unload("a"));
  EXPECT_TRUE(residency.missed().empty());
  load("a");
  residency.remove("a");  // as asked, or because it does not fit
  EXPECT_TRUE(residency.missed().empty());
}

TEST_F(ResidencyTest, ListsModelsInTheOrderOfLoading) {
  load_and_leave("z", kStart);
  load_and_leave("a", kStart);
  const auto models = residency.snapshot(kStart, kWall);
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0].model.digest, "z");
  EXPECT_EQ(models[1].model.digest, "a");
}

TEST_F(ResidencyTest, SurvivesTheCardGoingAwayDuringARequest) {
  load("a");
  residency.lose_all();
  residency.end_use("a", kStart);
  EXPECT_TRUE(residency.empty());
}

}  // namespace
}  // namespace axllama::serving
