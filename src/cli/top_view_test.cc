#include "cli/top_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(TopView, AddsUpMemoryAndShowsWhatIsLoading) {
  const Json resident{{"name", "a:latest"}, {"size", 3'000'000'000}, {"size_vram", 3'000'000'000}};
  Json coming{{"name", "b:latest"}, {"size", 1'000'000'000}, {"size_vram", 0}};
  coming["loading"] = {{"layers_loaded", 12}, {"layers_total", 40}};
  const std::string text =
      top_view("http://127.0.0.1:1", {{"version", "1.2.3"}}, {{"models", {resident, coming}}});
  EXPECT_THAT(text, HasSubstr("http://127.0.0.1:1  version 1.2.3\n"));
  EXPECT_THAT(text, HasSubstr("2 models loaded, 4.0 GB of memory, 3.0 GB of it on the card\n"));
  EXPECT_THAT(text, HasSubstr("loading b:latest: 12 of 40 layers\n"));
}

TEST(TopView, AnIdleServerHasAHeaderOnly) {
  const std::string text = top_view("http://127.0.0.1:1", Json::object(), {{"models", Json::array()}});
  EXPECT_THAT(text, HasSubstr("0 models loaded"));
  EXPECT_THAT(text, HasSubstr("NAME"));
  EXPECT_THAT(text, Not(HasSubstr("loading")));
}

}  // namespace
}  // namespace axllama::cli
