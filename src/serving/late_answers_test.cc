#include "serving/late_answers.h"

#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace axllama::serving {
namespace {

using namespace std::chrono_literals;
using base::Error;
using base::ErrorCode;
using ::testing::HasSubstr;

/// A time of the lane's clock.
LateAnswers::TimePoint at(std::chrono::seconds seconds) {
  return LateAnswers::TimePoint(seconds);
}

class LateAnswersTest : public ::testing::Test {
 protected:
  std::shared_ptr<EventChannel> fail(std::uint64_t id, std::chrono::seconds when) {
    auto channel = std::make_shared<EventChannel>(8);
    answers.failed(id, channel, "The card failed.", at(when));
    return channel;
  }

  LateAnswers answers;
};

TEST_F(LateAnswersTest, AreToldWhileACallIsOutAndOnceOnly) {
  const auto first = fail(1, 10s);
  const auto second = fail(2, 12s);
  EXPECT_EQ(answers.begin_call(at(13s)), at(15s));
  EXPECT_EQ(answers.tell(at(14s)), at(15s)) << "too early";
  EXPECT_FALSE(first->closed());
  EXPECT_EQ(answers.tell(at(15s)), at(17s));
  EXPECT_TRUE(first->closed());
  EXPECT_FALSE(second->closed());
  EXPECT_EQ(answers.tell(at(17s)), LateAnswers::kNever);
  const auto event = first->try_next();
  ASSERT_TRUE(event && std::holds_alternative<Error>(*event));
  EXPECT_EQ(std::get<Error>(*event).code(), ErrorCode::kUnavailable);
  EXPECT_THAT(std::get<Error>(*event).message(), HasSubstr("within 5 seconds"));
  EXPECT_THAT(std::get<Error>(*event).what(), HasSubstr("The card failed."));
  EXPECT_FALSE(first->push(Error(ErrorCode::kInternal, "what the lane sends later")));
  EXPECT_FALSE(first->try_next());
}

TEST_F(LateAnswersTest, HaveOneTimeForFailuresInARow) {
  const auto channel = fail(1, 10s);
  answers.ready(1);
  answers.failed(1, channel, "It failed again.", at(14s));
  EXPECT_FALSE(answers.is_late(1, at(14s)));
  EXPECT_TRUE(answers.is_late(1, at(15s)));
  EXPECT_THAT(answers.error_for(1).what(), HasSubstr("again"));
  answers.remove(1);
  EXPECT_FALSE(answers.is_late(1, at(15s)));
  fail(1, 20s);
  EXPECT_FALSE(answers.is_late(1, at(24s)));
}

TEST_F(LateAnswersTest, ThatAreReadyWaitForEachCallAsLong) {
  const auto channel = fail(1, 10s);
  EXPECT_EQ(answers.begin_call(at(11s)), at(15s));
  answers.ready(1);
  EXPECT_EQ(answers.tell(at(15s)), LateAnswers::kNever) << "no call has begun";
  EXPECT_EQ(answers.begin_call(at(14s)), at(19s)) << "the next chunk of its prompt";
  EXPECT_EQ(answers.begin_call(at(18s)), at(23s));
  EXPECT_EQ(answers.tell(at(22s)), at(23s));
  EXPECT_FALSE(channel->closed());
  answers.tell(at(23s));
  EXPECT_TRUE(channel->closed());
}

TEST_F(LateAnswersTest, AreNoneThatGoOn) {
  const auto channel = fail(1, 10s);
  answers.ready(1);
  answers.begin_call(at(11s));
  answers.remove(1);
  EXPECT_EQ(answers.tell(at(60s)), LateAnswers::kNever);
  EXPECT_FALSE(channel->closed());
  EXPECT_EQ(answers.begin_call(at(60s)), LateAnswers::kNever);
}

}  // namespace
}  // namespace axllama::serving
