// When the lane has the costs of a model's calls measured.

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "serving/testing/fake_card_test.h"

namespace axllama::serving {
namespace {

using namespace std::chrono_literals;
using base::Error;
using base::ErrorCode;

class LaneMeasuring : public FakeCardTest {
 protected:
  void SetUp() override { card.unknown_costs = 3; }
};

TEST_F(LaneMeasuring, IsDoneOnceForAModelThatIsLoaded) {
  read_all(scheduler().submit(request("a", 2)));
  EXPECT_EQ(card.measured, 3U);
  read_all(scheduler().submit(request("a", 2)));
  EXPECT_EQ(card.measured, 3U);
  read_all(scheduler().submit(request("b", 2)));
  EXPECT_EQ(card.measured, 6U);
}

TEST_F(LaneMeasuring, IsDoneForADraftToo) {
  InferenceRequest both = request("a", 2);
  both.model.draft = std::make_shared<const ModelReference>(model("small"));
  read_all(scheduler().submit(both));
  EXPECT_EQ(card.drafts, 1U);
  EXPECT_EQ(card.measured, 6U);
}

TEST_F(LaneMeasuring, IsLeftOutWhileAnswersAreRecovered) {
  card.on_step = [steps = shared_count()] {
    if (++*steps == 2) {
      throw Error(ErrorCode::kUnavailable, "The card failed.");
    }
  };
  EXPECT_EQ(text_of(read_all(scheduler().submit(request("a", 3)))), "0 1 2 ");
  EXPECT_EQ(card.loads, 2U);
  EXPECT_EQ(card.measured, 3U) << "by the first load";
}

TEST_F(LaneMeasuring, EndsBetweenTwoCallsWhenNobodyWaits) {
  card.measure.close();
  const Stream stream = scheduler().submit(request("a", 2));
  card.measure.wait_for_arrivals(1);
  stream->cancel();
  card.measure.let_pass(1);
  EXPECT_EQ(reason_of(stream), inference::FinishReason::kCancelled);
  EXPECT_EQ(card.measured, 1U);
  EXPECT_EQ(loaded(), "a ") << "the model is there all the same";
}

TEST_F(LaneMeasuring, EndsBetweenTwoCallsWhenTheServerEnds) {
  card.measure.close();
  const Stream stream = scheduler().submit(request("a", 2));
  card.measure.wait_for_arrivals(1);
  std::thread opener([this] {
    EXPECT_TRUE(eventually([this] {
      try {
        scheduler().submit(request("b", 1));
        return false;
      } catch (const Error&) {
        return true;
      }
    }));
    card.measure.let_pass(1);
  });
  scheduler().drain(0ms);
  opener.join();
  EXPECT_EQ(std::get<Error>(read_all(stream).back()).message(), "The server is shutting down.");
  EXPECT_EQ(card.measured, 1U);
}

TEST_F(LaneMeasuring, IsToldWhenACallDoesNotComeBack) {
  options.call_limit = 20ms;
  card.measure.close();
  const Stream stream = scheduler().submit(request("a", 2));
  const auto events = read_all(stream);
  EXPECT_NE(std::get<Error>(events.back()).message().find("while measuring what calls of a:latest cost"),
            std::string::npos);
}

}  // namespace
}  // namespace axllama::serving
