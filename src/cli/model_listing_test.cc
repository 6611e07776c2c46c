#include "cli/model_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;

Json loaded(const char* name, std::uint64_t size, std::uint64_t on_card) {
  return {{"name", name},
          {"size", size},
          {"size_vram", on_card},
          {"context_length", 2048},
          {"expires_at", "2318-01-01T00:00:00Z"}};
}

TEST(ListLoaded, SaysHowFarALoadIs) {
  Json model = loaded("qwen3:4b", 0, 0);
  model["loading"] = {{"layers_loaded", 12}, {"layers_total", 40}};
  EXPECT_THAT(list_loaded({{"models", Json::array({model})}}), HasSubstr("Loading (12 of 40)"));
}

TEST(ListLoaded, SaysWhereModelsRunAndFiltersByPrefix) {
  const Json ps{{"models",
                 {loaded("qwen3:4b", 4'000'000'000, 1'000'000'000), loaded("llama", 7, 7),
                  loaded("host", 7, 0), loaded("odd", 0, 0)}}};
  const std::string table = list_loaded(ps);
  EXPECT_THAT(table, HasSubstr("75%/25% CPU/GPU"));
  EXPECT_THAT(table, HasSubstr("100% GPU"));
  EXPECT_THAT(table, HasSubstr("100% CPU"));
  EXPECT_THAT(table, HasSubstr("Unknown"));
  EXPECT_THAT(table, HasSubstr("Forever"));
  EXPECT_THAT(list_loaded(ps, "QWEN"), HasSubstr("qwen3:4b"));
  EXPECT_THAT(list_loaded(ps, "QWEN"), Not(HasSubstr("llama")));
}

TEST(DescribeModel, HasASectionForEachPart) {
  const Json show{
      {"details", {{"family", "qwen3"}, {"parameter_size", "4.0B"}, {"quantization_level", "Q8_0"}}},
      {"model_info", {{"general.architecture", "qwen3"}, {"qwen3.context_length", 2048}}},
      {"capabilities", {"completion", "tools"}},
      {"parameters", "temperature                    0.6\nstop                           \"<|im_end|>\""},
      {"license", "First\n\nSecond\nThird\n"}};
  EXPECT_EQ(describe_model(show),
            "  Model\n"
            "    architecture        qwen3\n"
            "    parameters          4.0B\n"
            "    context length      2048\n"
            "    quantization        Q8_0\n"
            "\n"
            "  Capabilities\n"
            "    completion\n"
            "    tools\n"
            "\n"
            "  Parameters\n"
            "    temperature         0.6\n"
            "    stop                \"<|im_end|>\"\n"
            "\n"
            "  License\n"
            "    First\n"
            "    Second\n"
            "    ...\n"
            "\n");
}

TEST(DescribeModel, VerboseShowsMetadataAndTextsInFull) {
  const Json show{{"model_info", {{"general.architecture", "qwen3"}, {"qwen3.block_count", 3}}},
                  {"tensors", {{{"name", "output.weight"}, {"type", "BF16"}, {"shape", {8, 4}}}}},
                  {"system", "One\nTwo\nThree"}};
  const std::string text = describe_model(show, true);
  EXPECT_THAT(text, HasSubstr("    qwen3.block_count   3\n"));
  EXPECT_THAT(text, HasSubstr("    output.weight       BF16 [8,4]\n"));
  EXPECT_THAT(text, HasSubstr("    Three\n"));
  EXPECT_THAT(describe_model(show), Not(HasSubstr("Metadata")));
}

}  // namespace
}  // namespace axllama::cli
