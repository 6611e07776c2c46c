#include "inference/kv_read_ahead.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/gate.h"

namespace axllama::inference {
namespace {

using ::testing::ElementsAre;
using State = KvReadAhead::Reading::State;

constexpr std::size_t kPieceBytes = 100;

/// Pieces filled with their numbers, read when the test lets them.
class TestPieces final : public KvPieces {
 public:
  explicit TestPieces(std::size_t count) : count_(count) {}

  std::size_t count() const override { return count_; }
  std::size_t bytes(std::size_t) const override { return kPieceBytes; }
  bool in_memory(std::size_t piece) const override {
    const std::lock_guard lock(mutex_);
    return in_memory_.contains(piece);
  }
  bool read(std::size_t piece, std::span<std::byte> to) const override {
    {
      const std::lock_guard lock(mutex_);
      reads_.push_back(piece);
    }
    gate.pass();
    std::fill(to.begin(), to.end(), static_cast<std::byte>(piece));
    return piece != damaged;
  }

  std::vector<std::size_t> reads() const {
    const std::lock_guard lock(mutex_);
    return reads_;
  }
  void set_in_memory(std::set<std::size_t> pieces) {
    const std::lock_guard lock(mutex_);
    in_memory_ = std::move(pieces);
  }

  mutable testing::Gate gate;
  std::atomic<std::size_t> damaged{std::numeric_limits<std::size_t>::max()};

 private:
  const std::size_t count_;
  mutable std::mutex mutex_;
  std::set<std::size_t> in_memory_;
  mutable std::vector<std::size_t> reads_;
};

/// An owner that sleeps until it is woken.
class Owner {
 public:
  std::function<void()> wake() {
    return [this] { woken_.pass(); };
  }
  /// Sleeps until a piece is there, or never will be.
  State wait_for(KvReadAhead::Reading& reading, std::size_t piece) {
    while (true) {
      const std::size_t before = woken_.arrivals();
      const State state = reading.state(piece);
      if (state != State::kNotYet) {
        return state;
      }
      woken_.wait_for_arrivals(before + 1);
    }
  }

 private:
  testing::Gate woken_;
};

TEST(KvReadAhead, ReadsInOrderAndWakesItsOwner) {
  KvReadAhead ahead;
  Owner owner;
  const auto pieces = std::make_shared<TestPieces>(5);
  pieces->gate.close();
  const auto reading = ahead.begin(pieces, owner.wake());
  EXPECT_EQ(reading->state(0), State::kNotYet);
  EXPECT_TRUE(reading->bytes(0).empty());
  pieces->gate.open();
  for (std::size_t piece = 0; piece < 5; ++piece) {
    ASSERT_EQ(owner.wait_for(*reading, piece), State::kRead);
    const auto bytes = reading->bytes(piece);
    EXPECT_EQ(std::vector<std::byte>(bytes.begin(), bytes.end()),
              std::vector<std::byte>(kPieceBytes, static_cast<std::byte>(piece)));
  }
  EXPECT_THAT(pieces->reads(), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(ahead.used(), 5 * kPieceBytes);
  reading->drop_before(3);
  EXPECT_TRUE(reading->bytes(2).empty());
  EXPECT_EQ(ahead.used(), 2 * kPieceBytes);
}

TEST(KvReadAhead, StaysWithinItsBoundButForOnePieceOfThoseThatHaveNone) {
  KvReadAhead ahead(3 * kPieceBytes);
  Owner owner;
  const auto first_pieces = std::make_shared<TestPieces>(10);
  const auto first = ahead.begin(first_pieces, owner.wake());
  ASSERT_EQ(owner.wait_for(*first, 2), State::kRead);
  const auto second_pieces = std::make_shared<TestPieces>(10);
  const auto second = ahead.begin(second_pieces, owner.wake());
  // Sequences take turns: without a bound the first one's next piece would come between these.
  for (std::size_t piece = 0; piece < 4; ++piece) {
    ASSERT_EQ(owner.wait_for(*second, piece), State::kRead);
    EXPECT_EQ(ahead.used(), 4 * kPieceBytes);
    EXPECT_EQ(second_pieces->reads().size(), piece + 1);
    second->drop_before(piece + 1);
  }
  EXPECT_THAT(first_pieces->reads(), ElementsAre(0, 1, 2));
  first->drop_before(3);
  ASSERT_EQ(owner.wait_for(*first, 3), State::kRead);
}

TEST(KvReadAhead, OneWhosePieceIsUnusableEndsAlone) {
  KvReadAhead ahead;
  Owner owner;
  const auto damaged = std::make_shared<TestPieces>(5);
  damaged->damaged = 2;
  const auto good = std::make_shared<TestPieces>(5);
  const auto first = ahead.begin(damaged, owner.wake());
  const auto second = ahead.begin(good, owner.wake());
  EXPECT_EQ(owner.wait_for(*first, 2), State::kUnusable);
  EXPECT_EQ(first->state(4), State::kUnusable);
  EXPECT_EQ(owner.wait_for(*second, 4), State::kRead);
  EXPECT_THAT(damaged->reads(), ElementsAre(0, 1, 2));
}

TEST(KvReadAhead, WhatIsInMemoryIsReadOnlyWhenItHasLeftIt) {
  KvReadAhead ahead;
  Owner owner;
  const auto pieces = std::make_shared<TestPieces>(6);
  pieces->set_in_memory({1, 2, 3, 4});
  const auto reading = ahead.begin(pieces, owner.wake());
  ASSERT_EQ(owner.wait_for(*reading, 5), State::kRead);
  EXPECT_THAT(pieces->reads(), ElementsAre(0, 5));
  EXPECT_EQ(reading->state(3), State::kPassed);
  EXPECT_EQ(ahead.used(), 2 * kPieceBytes);
  pieces->set_in_memory({4});
  reading->go_back(3);
  EXPECT_EQ(owner.wait_for(*reading, 3), State::kRead);
  EXPECT_EQ(owner.wait_for(*reading, 4), State::kPassed);
  EXPECT_EQ(owner.wait_for(*reading, 5), State::kRead);
  EXPECT_THAT(pieces->reads(), ElementsAre(0, 5, 3, 5));
  EXPECT_EQ(reading->state(0), State::kRead);
}

TEST(KvReadAhead, GoingBackForgetsWhatIsBeingRead) {
  KvReadAhead ahead;
  Owner owner;
  const auto pieces = std::make_shared<TestPieces>(3);
  pieces->set_in_memory({0});
  pieces->gate.close();
  const auto reading = ahead.begin(pieces, owner.wake());
  pieces->gate.wait_for_arrivals(1);  // for piece 1
  pieces->set_in_memory({});
  reading->go_back(0);
  pieces->gate.open();
  for (std::size_t piece = 0; piece < 3; ++piece) {
    EXPECT_EQ(owner.wait_for(*reading, piece), State::kRead);
    EXPECT_EQ(reading->bytes(piece).front(), static_cast<std::byte>(piece));
  }
  EXPECT_THAT(pieces->reads(), ElementsAre(1, 0, 1, 2));
  EXPECT_EQ(ahead.used(), 3 * kPieceBytes);
}

TEST(KvReadAhead, OneThatEndsWhileItIsReadFreesAll) {
  auto pieces = std::make_shared<TestPieces>(10);
  const std::weak_ptr<TestPieces> kept = pieces;
  std::atomic<int> woken{0};
  {
    KvReadAhead ahead;
    Owner owner;
    pieces->gate.let_pass(2);
    auto reading = ahead.begin(pieces, [&woken, wake = owner.wake()] {
      ++woken;
      wake();
    });
    ASSERT_EQ(owner.wait_for(*reading, 1), State::kRead);
    pieces->gate.wait_for_arrivals(3);
    EXPECT_EQ(reading->state(2), State::kNotYet);
    const int before = woken;
    reading.reset();
    EXPECT_EQ(ahead.used(), kPieceBytes);  // the one being read
    pieces->gate.open();
    const auto others = std::make_shared<TestPieces>(1);
    const auto other = ahead.begin(others, owner.wake());
    EXPECT_EQ(owner.wait_for(*other, 0), State::kRead);
    EXPECT_EQ(ahead.used(), kPieceBytes);  // the other's
    EXPECT_EQ(pieces->reads().size(), 3U);
    EXPECT_EQ(woken, before);
  }
  pieces.reset();
  EXPECT_TRUE(kept.expired());
}

TEST(KvReadPace, IsThatOfWhatWasReadLately) {
  constexpr std::size_t kMegabyte = 1'000'000;
  KvReadPace pace;
  const double assumed = pace.estimate(kMegabyte);
  EXPECT_GT(assumed, 0);
  for (int i = 0; i < 200; ++i) {
    pace.has_read(kMegabyte, 1);
  }
  EXPECT_NEAR(pace.estimate(10 * kMegabyte), 10, 0.5);
  for (int i = 0; i < 1000; ++i) {
    pace.has_read(kMegabyte, 0.001);
  }
  EXPECT_NEAR(pace.estimate(10 * kMegabyte), 0.01, 0.001);
}

TEST(KvReadPace, GivesASlowDiskAnotherTry) {
  KvReadPace pace;
  pace.has_read(100'000'000, 1000);
  double before = pace.estimate(1000);
  for (int i = 0; i < 100; ++i) {
    const double now = pace.estimate(1000);
    EXPECT_LT(now, before);
    before = now;
  }
  EXPECT_LT(before, 1e-6);
}

}  // namespace
}  // namespace axllama::inference
