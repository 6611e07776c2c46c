#include "text/tool_calls/required_call.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/chat_template.h"
#include "text/constraint/testing/walk.h"
#include "text/tool_calls/arguments.h"
#include "text/tool_calls/parser.h"
#include "text/tool_calls/testing/templates.h"

namespace axllama::text {
namespace {

using testing::accepts;
using testing::tiny_tokenizer;
using Json = nlohmann::ordered_json;

const OfferedTools& tools() {
  static const OfferedTools kTools(Json::parse(R"([
      {"function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string",
        "maxLength": 8}, "unit": {"enum": ["C", "F"]}}, "required": ["city", "unit"]}}},
      {"function": {"name": "roll", "parameters": {"properties": {"sides": {"type": "integer"}}, "required": ["sides"]}}}])"));
  return kTools;
}

ToolCallFormat format_of(const std::string& source) {
  return ChatTemplate(source, "t", {{"bos_token", "<s>"}, {"eos_token", "</s>"}}).tool_call_format();
}

constexpr const char* kWeather =
    "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Rome\", \"unit\": "
    "\"C\"}}\n</tool_call>";
constexpr const char* kRoll =
    "<tool_call>\n{\"name\": \"roll\", \"arguments\": {\"sides\": 6}}\n</tool_call>";

TEST(RequiredCalls, AreOfTheToolsOnOffer) {
  const ToolCallFormat format = format_of(testing::kHermesTemplate);
  const auto any =
      compile_required_calls(format, tools(), {.name = {}, .most = 2, .thoughts = {}}, tiny_tokenizer());
  EXPECT_TRUE(accepts(*any, kWeather));
  EXPECT_TRUE(accepts(*any, kRoll));
  EXPECT_TRUE(accepts(*any, std::string(kRoll) + "\n" + kWeather));
  EXPECT_FALSE(accepts(*any, std::string(kRoll) + "\n" + kRoll + "\n" + kRoll));
  EXPECT_FALSE(accepts(*any, ""));
  EXPECT_FALSE(accepts(*any, "Sure."));
  EXPECT_FALSE(accepts(*any, "<tool_call>\n{\"name\": \"roll\", \"arguments\": {}}\n</tool_call>"));
  EXPECT_FALSE(
      accepts(*any, "<tool_call>\n{\"name\": \"rock\", \"arguments\": {\"sides\": 6}}\n</tool_call>"));
  EXPECT_FALSE(accepts(*any, std::string("<think>\nhm\n</think>\n\n") + kRoll));
  const auto one =
      compile_required_calls(format, tools(), {.name = "roll", .most = 1, .thoughts = {}}, tiny_tokenizer());
  EXPECT_TRUE(accepts(*one, kRoll));
  EXPECT_FALSE(accepts(*one, kWeather));
  EXPECT_FALSE(accepts(*one, std::string(kRoll) + "\n" + kRoll));
}

TEST(RequiredCalls, MayComeAfterThoughts) {
  const auto calls =
      compile_required_calls(format_of(testing::kHermesTemplate), tools(),
                             {.name = "roll", .most = 1, .thoughts = ThinkingTags()}, tiny_tokenizer());
  EXPECT_TRUE(accepts(*calls, kRoll));
  EXPECT_TRUE(accepts(*calls, std::string("<think>\nI <roll>.\n</think>\n\n") + kRoll));
  EXPECT_FALSE(accepts(*calls, "<think>\nI roll.\n</think>\n\nNo."));
}

/// What is written under the constraint is what the parser finds, with arguments that fit.
TEST(RequiredCalls, AreFoundInEveryFormat) {
  std::mt19937 random(20260412);
  for (const std::string& source :
       {testing::kHermesTemplate, testing::kTaggedTemplate, testing::kLlamaTemplate,
        testing::kMistralListTemplate, testing::kMistralNamedTemplate, testing::kPhiTemplate,
        testing::kDeepSeekTemplate}) {
    const ToolCallFormat format = format_of(source);
    const auto constraint =
        compile_required_calls(format, tools(), {.name = {}, .most = 3, .thoughts = {}}, tiny_tokenizer());
    int finished = 0;
    for (int round = 0; round < 8; ++round) {
      const auto answer = testing::sample(*constraint, random, 400);
      if (!answer) {
        continue;
      }
      ++finished;
      ToolCallParser parser(format, tools());
      auto output = parser.push(*answer);
      const auto rest = parser.flush();
      EXPECT_EQ(output.content + rest.content, "") << *answer;
      EXPECT_FALSE(output.calls.empty()) << *answer;
      for (const ToolCall& call : output.calls) {
        ASSERT_TRUE(tools().has(call.name)) << *answer;
        EXPECT_EQ(find_misfit(*tools().parameters(call.name), call.arguments), std::nullopt) << *answer;
      }
    }
    EXPECT_GT(finished, 0) << source;
  }
}

TEST(RequiredCalls, NameTheToolWhoseSchemaIsWrong) {
  const OfferedTools wrong(
      Json::parse(R"([{"function": {"name": "f", "parameters": {"type": "nothing"}}}])"));
  try {
    compile_required_calls(bare_tool_call_format(), wrong, {}, tiny_tokenizer());
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_TRUE(error.message().starts_with("The parameters of the tool \"f\": ")) << error.message();
  }
  EXPECT_THROW(compile_required_calls(bare_tool_call_format(), wrong,
                                      {.name = "g", .most = 1, .thoughts = {}}, tiny_tokenizer()),
               base::Error);
}

}  // namespace
}  // namespace axllama::text
