#include "cli/answer_settings.h"

#include <cstdio>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "base/error.h"

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;

TEST(ParseFormat, JsonSchemaOrFileOfOne) {
  EXPECT_EQ(parse_format("json"), "json");
  EXPECT_EQ(parse_format(R"( {"type": "object"})"), (Json{{"type", "object"}}));
  const std::string path = ::testing::TempDir() + "axllama_format_test.json";
  std::ofstream(path) << R"({"type": "integer"})";
  EXPECT_EQ(parse_format(path), (Json{{"type", "integer"}}));
  std::ofstream(path) << "[1]";
  EXPECT_THROW(parse_format(path), base::Error);
  std::remove(path.c_str());
  EXPECT_THROW(parse_format(path), base::Error);
  EXPECT_THROW(parse_format("{broken"), base::Error);
  EXPECT_THROW(parse_format("yaml"), base::Error);
}

TEST(ParseThink, SwitchesAndLevels) {
  EXPECT_EQ(parse_think("true"), true);
  EXPECT_EQ(parse_think("false"), false);
  EXPECT_EQ(parse_think("high"), "high");
  EXPECT_THROW(parse_think("hello"), base::Error);
}

TEST(HasCapability, SaysYesWhereNothingIsTold) {
  EXPECT_TRUE(has_capability(Json::object(), "vision"));
  EXPECT_TRUE(has_capability({{"capabilities", {"completion", "vision"}}}, "vision"));
  EXPECT_FALSE(has_capability({{"capabilities", {"completion", "tools"}}}, "vision"));
}

}  // namespace
}  // namespace axllama::cli
