// Answers that are not ready again in time after their card failed, with a clock that the tests move.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serving/testing/fake_card_test.h"

namespace axllama::serving {
namespace {

using base::Error;
using base::ErrorCode;
using ::testing::HasSubstr;

constexpr const char* kLate = "was not ready again within 5 seconds";

class LateAnswer : public FakeCardTest {
 protected:
  void SetUp() override {
    options.recovery_clock = [seconds = seconds_] {
      return std::chrono::steady_clock::time_point(std::chrono::seconds(*seconds));
    };
  }

  /// The step that comes `number`-th fails, counted from 1, with each of `numbers`.
  void fail_steps(std::vector<int> numbers, ErrorCode code) {
    card.on_step = [steps = shared_count(), numbers = std::move(numbers), code] {
      if (++*steps; std::find(numbers.begin(), numbers.end(), *steps) != numbers.end()) {
        throw Error(code, "The card failed.");
      }
    };
  }
  void resuming_takes_seconds(int number) {
    card.on_resume = [seconds = seconds_, number] { *seconds += number; };
  }

  /// An answer of five tokens after whose first the card is lost; its model is being loaded again now.
  Stream begin_and_lose_the_card() {
    fail_steps({2}, ErrorCode::kUnavailable);
    card.step.close();
    Stream stream = scheduler().submit(request("a", 5));
    card.step.wait_for_arrivals(1);
    card.load_layer.close();
    return stream;
  }
  void reach_the_second_load() {
    card.step.let_pass(2);
    card.load_layer.wait_for_arrivals(card.layers + 1);
  }

  /// What the reader gets last: "" when that is no error.
  static std::string last_error(const Stream& stream) {
    const std::vector<ResponseEvent> events = read_all(stream);
    const auto* error = std::get_if<Error>(&events.back());
    return error == nullptr ? "" : error->message();
  }

  const SharedCount seconds_ = shared_count();
};

TEST_F(LateAnswer, EndsWhileItsModelIsLoadedForThoseWhoWait) {
  const Stream late = begin_and_lose_the_card();
  const Stream waiting = scheduler().submit(request("a", 2));
  reach_the_second_load();
  *seconds_ += 5;
  card.load_layer.let_pass(1);
  EXPECT_THAT(last_error(late), HasSubstr(kLate));
  EXPECT_EQ(loaded(), "a+ ") << "the load goes on";
  card.load_layer.open();
  card.step.open();
  EXPECT_EQ(text_of(read_all(waiting)), "0 1 ");
  EXPECT_EQ(card.loads, 2U);
  EXPECT_EQ(card.resumed, 0U);
}

TEST_F(LateAnswer, EndsWithTheLoadThatNobodyElseWaitsFor) {
  const Stream late = begin_and_lose_the_card();
  reach_the_second_load();
  *seconds_ += 5;
  card.load_layer.let_pass(1);
  EXPECT_THAT(last_error(late), HasSubstr(kLate));
  EXPECT_TRUE(eventually([this] { return loaded().empty(); }));
  EXPECT_EQ(card.load_layer.arrivals(), card.layers + 1);
  card.load_layer.open();
  card.step.open();
  EXPECT_EQ(text_of(read_all(scheduler().submit(request("a", 2)))), "0 1 ");
  EXPECT_EQ(card.loads, 3U);
}

TEST_F(LateAnswer, IsToldWhileALayerIsOutAndTheLaneGoesOnWhenItIsBack) {
  card.on_open = [times = shared_count(), seconds = seconds_] { *seconds += ++*times == 2 ? 5 : 0; };
  const Stream late = begin_and_lose_the_card();
  reach_the_second_load();
  EXPECT_THAT(last_error(late), HasSubstr(kLate));
  EXPECT_EQ(loaded(), "a+ ") << "the layer is still out";
  EXPECT_TRUE(scheduler().card_status().available) << "the card is not taken for hung";
  const Stream waiting = scheduler().submit(request("a", 2));
  card.load_layer.open();
  card.step.open();
  EXPECT_EQ(text_of(read_all(waiting)), "0 1 ");
  EXPECT_EQ(card.resumed, 0U);
  EXPECT_EQ(card.loads, 2U);
}

/// Waits for five seconds: so long a call for an answer that is on the card again may take.
TEST_F(LateAnswer, IsToldWhileItsPromptIsComputedAgain) {
  fail_steps({2}, ErrorCode::kDevice);
  resuming_takes_seconds(5);
  card.step.close();
  const Stream late = scheduler().submit(request("a", 5));
  card.step.let_pass(2);
  card.step.wait_for_arrivals(3);
  EXPECT_TRUE(std::holds_alternative<ModelReady>(next(late)));
  EXPECT_EQ(std::get<inference::TokenEvent>(next(late)).text, "0 ");
  EXPECT_FALSE(late->next(std::chrono::milliseconds(100))) << "it is ready, though only just";
  *seconds_ += 5;
  EXPECT_THAT(last_error(late), HasSubstr(kLate));
  EXPECT_EQ(card.active_generations, 1U) << "the call is still out";
  card.step.let_pass(1);
  EXPECT_TRUE(eventually([this] { return card.active_generations == 0; }))
      << "nothing is computed for nobody";
  EXPECT_EQ(card.step.arrivals(), 3U);
  EXPECT_EQ(card.cancelled_generations, 1U);
  card.step.open();
  EXPECT_EQ(text_of(read_all(scheduler().submit(request("a", 2)))), "0 1 ");
  EXPECT_EQ(card.loads, 1U);
}

TEST_F(LateAnswer, IsNoneThatIsReadyJustInTime) {
  const Stream stream = begin_and_lose_the_card();
  reach_the_second_load();
  *seconds_ += 4;
  card.load_layer.open();
  card.step.open();
  EXPECT_EQ(text_of(read_all(stream)), "0 1 2 3 4 ");
  EXPECT_EQ(card.loads, 2U);
}

TEST_F(LateAnswer, HasOneDeadlineForFailuresInARow) {
  fail_steps({2, 3, 4}, ErrorCode::kDevice);
  resuming_takes_seconds(3);  // after the first failure a retry, after the second a load
  EXPECT_THAT(last_error(scheduler().submit(request("a", 5))), HasSubstr(kLate));
  EXPECT_EQ(card.resumed, 2U);
  EXPECT_EQ(card.loads, 2U);
  EXPECT_EQ(card.opened, 1U) << "no third attempt";
}

TEST_F(LateAnswer, HasAnotherDeadlineAfterEachToken) {
  fail_steps({2, 4, 6, 8}, ErrorCode::kDevice);
  resuming_takes_seconds(4);
  EXPECT_EQ(text_of(read_all(scheduler().submit(request("a", 5)))), "0 1 2 3 4 ");
  EXPECT_EQ(card.resumed, 4U);
}

TEST_F(LateAnswer, LeavesTheOthersAlone) {
  card.slots = 2;
  fail_steps({5, 7}, ErrorCode::kDevice);  // both of the same answer, as they take turns
  resuming_takes_seconds(6);
  card.step.close();
  const Stream first = scheduler().submit(request("a", 8, "one"));
  const Stream second = scheduler().submit(request("a", 8, "another"));
  card.step.open();
  const std::vector<ResponseEvent> one = read_all(first);
  const std::vector<ResponseEvent> other = read_all(second);
  const auto* error = std::get_if<Error>(&one.back());
  EXPECT_NE(error == nullptr, std::get_if<Error>(&other.back()) == nullptr);
  EXPECT_EQ(text_of(error == nullptr ? one : other), "0 1 2 3 4 5 6 7 ");
  EXPECT_THAT(std::get<Error>((error == nullptr ? other : one).back()).message(), HasSubstr(kLate));
  EXPECT_EQ(card.resumed, 1U);
  EXPECT_EQ(card.loads, 1U);
}

}  // namespace
}  // namespace axllama::serving
