#include "text/tool_calls/format.h"

#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/paths.h"
#include "text/chat_template.h"
#include "text/tool_calls/testing/templates.h"

namespace axllama::text {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::ordered_json;

ChatTemplate chat_template(const std::string& source) {
  return {source, "t", {{"bos_token", "<s>"}, {"eos_token", "</s>"}}};
}

ToolCallFormat format_of(const std::string& source) {
  return chat_template(source).tool_call_format();
}

ToolCallFormat golden_format(const std::string& name) {
  std::ifstream file(std::string(AXLLAMA_SOURCE_DIR) + "/tests/golden/jinja/templates/" + name + ".jinja");
  return format_of({std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
}

const std::vector<ToolCall> kCalls = {{.name = "f", .arguments = {{"a", 1}}}, {.name = "g"}};

TEST(ToolCallFormat, Hermes) {
  const ToolCallFormat format = format_of(testing::kHermesTemplate);
  EXPECT_THAT(format.openings, ElementsAre("<tool_call>"));
  EXPECT_THAT(format.closings, ElementsAre("</tool_call>"));
  EXPECT_FALSE(format.bare);
  EXPECT_FALSE(format.named);
  EXPECT_FALSE(format.tagged);
  EXPECT_EQ(write_tool_calls(format, kCalls),
            "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\":1}}\n</tool_call>\n"
            "<tool_call>\n{\"name\": \"g\", \"arguments\": {}}\n</tool_call>");
}

TEST(ToolCallFormat, BundledModel) {
  std::ifstream file(std::string(AXLLAMA_SOURCE_DIR) + "/models/tiny/chat_template.jinja");
  const ToolCallFormat format =
      format_of({std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
  EXPECT_THAT(format.openings, ElementsAre("<tool_call>"));
  EXPECT_EQ(write_tool_calls(format, kCalls),
            "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\":1}}\n</tool_call>\n"
            "<tool_call>\n{\"name\": \"g\", \"arguments\": {}}\n</tool_call>");
}

TEST(ToolCallFormat, Tags) {
  const ToolCallFormat format = format_of(testing::kTaggedTemplate);
  EXPECT_THAT(format.openings, ElementsAre("<tool_call>"));
  EXPECT_THAT(format.closings, ElementsAre("</tool_call>"));
  EXPECT_TRUE(format.tagged);
  EXPECT_EQ(write_tool_calls(format, {kCalls[0]}),
            "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\":1}}\n</tool_call>");
}

TEST(ToolCallFormat, Llama) {
  const ToolCallFormat format = format_of(testing::kLlamaTemplate);
  EXPECT_THAT(format.openings, ElementsAre("<|python_tag|>"));
  EXPECT_THAT(format.closings, IsEmpty());
  EXPECT_TRUE(format.bare);
  EXPECT_EQ(write_tool_calls(format, {kCalls[0]}), R"({"name": "f", "parameters": {"a":1}})");
}

TEST(ToolCallFormat, MistralList) {
  const ToolCallFormat format = format_of(testing::kMistralListTemplate);
  EXPECT_THAT(format.openings, ElementsAre("[TOOL_CALLS]"));
  EXPECT_TRUE(format.named);
  EXPECT_EQ(format.separator, "[ARGS]");
  EXPECT_EQ(write_tool_calls(format, kCalls),
            R"([TOOL_CALLS] [{"name": "f", "arguments": {"a":1}}, {"name": "g", "arguments": {}}])");
}

TEST(ToolCallFormat, MistralNamed) {
  const ToolCallFormat format = format_of(testing::kMistralNamedTemplate);
  EXPECT_THAT(format.openings, ElementsAre("[TOOL_CALLS]"));
  EXPECT_TRUE(format.named);
  EXPECT_EQ(format.separator, "[ARGS]");
  EXPECT_EQ(write_tool_calls(format, kCalls), R"([TOOL_CALLS]f[ARGS]{"a":1}[TOOL_CALLS]g[ARGS]{})");
}

TEST(ToolCallFormat, Phi) {
  const ToolCallFormat format = format_of(testing::kPhiTemplate);
  EXPECT_THAT(format.openings, ElementsAre("<|tool_call|>"));
  EXPECT_THAT(format.closings, ElementsAre("<|/tool_call|>"));
  EXPECT_EQ(
      write_tool_calls(format, kCalls),
      R"(<|tool_call|>[{"name": "f", "arguments": {"a":1}}, {"name": "g", "arguments": {}}]<|/tool_call|>)");
}

TEST(ToolCallFormat, DeepSeek) {
  const ToolCallFormat format = format_of(testing::kDeepSeekTemplate);
  EXPECT_THAT(format.openings,
              ElementsAre("<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>function<｜tool▁sep｜>"));
  EXPECT_THAT(format.closings, ::testing::Contains("```<｜tool▁call▁end｜>"));
  EXPECT_THAT(format.closings, ::testing::Contains("<｜tool▁calls▁end｜>"));
  EXPECT_TRUE(format.named);
  EXPECT_EQ(format.separator, "```json");
}

TEST(ToolCallFormat, MarkersNobodyKnows) {
  EXPECT_THAT(golden_format("chatml_tools").openings, ElementsAre("<call>"));
  EXPECT_THAT(golden_format("chatml_tools").closings, ElementsAre("</call>"));
  EXPECT_THAT(golden_format("bracket_turns").openings, ElementsAre("[CALLS]"));
  EXPECT_TRUE(golden_format("header_blocks").bare);
  EXPECT_THAT(golden_format("header_blocks").openings, IsEmpty());
  const ToolCallFormat calls = golden_format("state_machine");
  EXPECT_THAT(calls.openings, ElementsAre("<｜calls▁begin｜>", "<｜call｜>function<｜sep｜>"));
}

TEST(ToolCallFormat, WithoutToolsInTheTemplate) {
  const ToolCallFormat format = format_of(default_chat_template());
  EXPECT_TRUE(format.bare);
  EXPECT_THAT(format.openings, IsEmpty());
  EXPECT_EQ(write_tool_calls(format, {}), "");
}

const ChatTemplateInputs kExchange = {
    .messages = {{.role = "user", .content = "q"},
                 {.role = "assistant",
                  .content = "",
                  .tool_calls = {{.id = "call_abcdefgh", .name = "f", .arguments = {{"a", 1}}},
                                 {.id = "", .name = "g"}}},
                 {.role = "tool", .content = "one", .tool_name = "f", .tool_call_id = "call_abcdefgh"},
                 {.role = "tool", .content = "two", .tool_name = "g"}},
    .tools = Json::parse(R"([{"type": "function", "function": {"name": "f", "parameters": {}}}])")};

TEST(ToolCallMessages, IdentifiersAreShortWhereTheTemplateInsists) {
  const std::string prompt = chat_template(testing::kMistralListTemplate).render(kExchange);
  EXPECT_THAT(prompt, HasSubstr(R"([TOOL_CALLS] [{"name": "f", "arguments": {"a": 1}, "id": "call00001"}, )"
                                R"({"name": "g", "arguments": {}, "id": "call00002"}]</s>)"));
  EXPECT_THAT(prompt, HasSubstr("[TOOL_RESULTS] one call00001[/TOOL_RESULTS][TOOL_RESULTS] two call00002"));
}

TEST(ToolCallMessages, CallsAreWrittenIntoTheContentWhereTheTemplateLeavesThemOut) {
  const ChatTemplate phi = chat_template(testing::kPhiTemplate);
  EXPECT_TRUE(phi.supports_tools());
  EXPECT_EQ(phi.render(kExchange),
            "<|system|><|tool|>[{\"name\": \"f\", \"parameters\": {}}]<|/tool|><|end|><|user|>q<|end|>"
            "<|assistant|><|tool_call|>[{\"name\": \"f\", \"arguments\": {\"a\":1}}, {\"name\": \"g\", "
            "\"arguments\": {}}]<|/tool_call|><|end|><|tool|>one<|end|><|tool|>two<|end|><|assistant|>");
}

}  // namespace
}  // namespace axllama::text
