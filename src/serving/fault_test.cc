#include "serving/fault.h"

#include <gtest/gtest.h>

namespace axllama::serving {
namespace {

using base::Error;
using base::ErrorCode;

std::string ladder(ErrorCode code) {
  std::string steps;
  for (std::size_t failures = 1; failures <= 5; ++failures) {
    steps += recovery_name(recovery_for(Error(code, "A call failed."), failures));
    steps += ' ';
  }
  return steps;
}

TEST(Recovery, BecomesHarsherFromFailureToFailure) {
  EXPECT_EQ(ladder(ErrorCode::kDevice), "retry reload reset refuse refuse ");
  EXPECT_EQ(ladder(ErrorCode::kResourceExhausted), "retry reload reset refuse refuse ");
  EXPECT_EQ(ladder(ErrorCode::kUnavailable), "reset reset reset refuse refuse ");
}

TEST(Recovery, IsNoUseWhereTheCardIsNotAtFault) {
  for (const ErrorCode code : {ErrorCode::kInvalidArgument, ErrorCode::kNotFound, ErrorCode::kUnsupported,
                               ErrorCode::kCancelled, ErrorCode::kInternal}) {
    EXPECT_EQ(recovery_for(Error(code, "No."), 1), Recovery::kRefuse);
    EXPECT_FALSE(is_card_failure(Error(code, "No.")));
  }
  EXPECT_TRUE(is_card_failure(Error(ErrorCode::kDevice, "No.")));
  EXPECT_TRUE(is_card_failure(Error(ErrorCode::kUnavailable, "No.")));
}

}  // namespace
}  // namespace axllama::serving
