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
      top_view("http://127.0.0.1:1", {{{"version", "1.2.3"}}, {{"models", {resident, coming}}}});
  EXPECT_THAT(text, HasSubstr("http://127.0.0.1:1  version 1.2.3\n"));
  EXPECT_THAT(text, HasSubstr("2 models loaded, 4.0 GB of memory, 3.0 GB of it on the card\n"));
  EXPECT_THAT(text, HasSubstr("loading b:latest: 12 of 40 layers\n"));
}

TEST(TopView, TellsWhichModelsGuess) {
  Json first{{"name", "a:latest"}, {"draft", {{"model", "small:latest"}}}};
  Json second{{"name", "b:latest"}, {"draft", {{"model", "none"}, {"problem", "It is not installed."}}}};
  const std::string text = top_view("http://127.0.0.1:1", {Json::object(), {{"models", {first, second}}}});
  EXPECT_THAT(text, HasSubstr("\n\nsmall:latest guesses for a:latest\n"
                              "none does not guess for b:latest: It is not installed.\n"));
}

TEST(TopView, AnIdleServerHasAHeaderOnly) {
  const std::string text = top_view("http://127.0.0.1:1", {Json::object(), {{"models", Json::array()}}});
  EXPECT_THAT(text, HasSubstr("0 models loaded"));
  EXPECT_THAT(text, HasSubstr("NAME"));
  EXPECT_THAT(text, Not(HasSubstr("loading")));
}

TEST(TopView, ShowsWhatTheCardsSay) {
  const Json status = Json::parse(R"({"waiting_requests":3,"cards":[
      {"available":true,"problem":"","runtime_version":"V3.6.3","temperature_celsius":49.5,
       "npu_percent":12.2,"memory_total":7000000000,"memory_free":4000000000},
      {"available":true,"software_card":true,"problem":"","runtime_version":"V1"},
      {"available":false,"problem":"The card has not answered for 60 seconds."}]})");
  const std::string text =
      top_view("http://127.0.0.1:1", {Json::object(), {{"models", Json::array()}}, status});
  EXPECT_THAT(text, HasSubstr("on the card, 3 requests wait\n"
                              "card 0: V3.6.3, 50 °C, NPU 12 %, 3.0 GB of 7.0 GB of memory used\n"
                              "card 1: software card V1\n"
                              "card 2: The card has not answered for 60 seconds.\n\n"));
}

}  // namespace
}  // namespace axllama::cli
