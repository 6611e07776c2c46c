#include "cli/answer_stream.h"

#include <gtest/gtest.h>

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;

TEST(LoadingState, IsThatOfTheModelBeingLoaded) {
  const auto state = loading_state(Json::parse(
      R"({"models":[{"name":"a"},{"name":"b","loading":{"layers_loaded":3,"layers_total":36}}]})"));
  ASSERT_TRUE(state);
  EXPECT_EQ(state->layers_loaded, 3U);
  EXPECT_EQ(state->layers_total, 36U);
}

TEST(LoadingState, IsEmptyWhenNothingLoadsOrTheServerIsAnother) {
  EXPECT_FALSE(loading_state(Json::parse(R"({"models":[{"name":"a"}]})")));
  EXPECT_FALSE(loading_state(Json::parse(R"({"models":null})")));
  EXPECT_FALSE(loading_state(Json::parse("{}")));
}

}  // namespace
}  // namespace axllama::cli
