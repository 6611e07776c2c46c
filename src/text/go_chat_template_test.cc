#include "text/go_chat_template.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace axllama::text {
namespace {

using Json = nlohmann::ordered_json;

const char kExchanges[] =
    "{{ if .System }}<s>{{ .System }}</s>{{ end }}{{ if .Prompt }}<u>{{ "
    ".Prompt }}</u>{{ end }}<a>{{ .Response }}</a>";
const char kMessages[] =
    "{{ if .System }}<s>{{ .System }}</s>{{ end }}"
    "{{ range .Messages }}{{ if ne .Role \"system\" }}<{{ .Role }}>{{ .Content "
    "}}"
    "{{ range .ToolCalls }}{{ .Function.Name }}{{ .Function.Arguments }}{{ end "
    "}}</>{{ end }}{{ end }}<assistant>"
    "{{ if and .IsThinkSet (not .Think) }}<think></think>{{ end }}";

TEST(GoChatTemplate, RendersMessages) {
  const GoChatTemplate chat(kMessages, "m");
  EXPECT_EQ(chat.render(ChatTemplateInputs{
                .messages = {{.role = "system", .content = "A"},
                             {.role = "system", .content = "B"},
                             {.role = "user", .content = "x"},
                             {.role = "user", .content = "y"},
                             {.role = "assistant",
                              .content = "",
                              .tool_calls = {{.name = "f", .arguments = {{"b", 1}, {"a", "é"}}}}},
                             {.role = "tool", .content = "1"},
                             {.role = "tool", .content = "2"}}}),
            "<s>A\n\nB</s><user>x\n\ny</><assistant>f{\"b\":1,\"a\":\"é\"}</"
            "><tool>1</><tool>2</><assistant>");
  EXPECT_EQ(chat.render(
                ChatTemplateInputs{.messages = {{.role = "user", .content = "x"}}, .enable_thinking = false}),
            "<user>x</><assistant><think></think>");
  EXPECT_EQ(chat.render(
                ChatTemplateInputs{.messages = {{.role = "user", .content = "x"}}, .enable_thinking = true}),
            "<user>x</><assistant>");
}

TEST(GoChatTemplate, RendersOneExchangeAfterTheOther) {
  const GoChatTemplate chat(kExchanges, "m");
  EXPECT_EQ(chat.render(ChatTemplateInputs{.messages = {{.role = "system", .content = "S"},
                                                        {.role = "user", .content = "1"},
                                                        {.role = "assistant", .content = "one"},
                                                        {.role = "user", .content = "2"}}}),
            "<s>S</s><u>1</u><a>one</a><u>2</u><a>");
  EXPECT_EQ(chat.render(ChatTemplateInputs{
                .messages = {{.role = "user", .content = "1"}, {.role = "assistant", .content = "on"}}}),
            "<u>1</u><a>on");
  EXPECT_EQ(chat.render(ChatTemplateInputs{.messages = {{.role = "user", .content = "1"},
                                                        {.role = "system", .content = "S"},
                                                        {.role = "user", .content = "2"}}}),
            "<u>1</u><a></a><s>S</s><u>2</u><a>");
}

TEST(GoChatTemplate, TellsHowMuchToThink) {
  for (const char* source : {"{{ .Prompt }} {{ .ThinkLevel }}",
                             "{{ range .Messages }}{{ .Content }}{{ end }} {{ .ThinkLevel }}"}) {
    const GoChatTemplate chat(source, "m");
    ChatTemplateInputs inputs{.messages = {{.role = "user", .content = "x"}}, .enable_thinking = true};
    EXPECT_EQ(chat.render(inputs), "x ");
    inputs.extra = {{"ThinkLevel", "max"}};
    EXPECT_EQ(chat.render(inputs), "x max");
  }
}

TEST(GoChatTemplate, RendersSinglePrompts) {
  EXPECT_EQ(GoChatTemplate(kExchanges, "m").render(GoPromptInputs{.system = "S", .prompt = "P"}),
            "<s>S</s><u>P</u><a>");
  EXPECT_EQ(GoChatTemplate("{{ .Prompt }}", "m").render(GoPromptInputs{.prompt = "P"}), "P");
  const GoChatTemplate fill("<pre>{{ .Prompt }}<suf>{{ .Suffix }}<mid>", "m");
  EXPECT_EQ(fill.render(GoPromptInputs{.prompt = "a", .suffix = "b"}), "<pre>a<suf>b<mid>");
  EXPECT_TRUE(fill.supports_suffix());
}

TEST(GoChatTemplate, GivesTools) {
  const GoChatTemplate chat(
      "{{ range .Messages }}{{ .Content }}{{ end }}{{ range .Tools }}{{ "
      ".Function.Name }}{{ end }}{{ .Tools }}",
      "m");
  const Json tools = Json::parse(R"([{"type": "function", "function": {"name": "f"}}])");
  EXPECT_EQ(chat.render(ChatTemplateInputs{.messages = {{.role = "user", .content = "x"}}, .tools = tools}),
            R"(xf[{"type":"function","function":{"name":"f"}}])");
  EXPECT_TRUE(chat.supports_tools());
  EXPECT_FALSE(chat.supports_thinking());
}

TEST(GoChatTemplate, KnowsWhatTemplatesSupport) {
  const GoChatTemplate plain("{{ .Prompt }}", "m");
  EXPECT_FALSE(plain.supports_system() || plain.supports_tools() || plain.supports_suffix() ||
               plain.supports_thinking());
  EXPECT_TRUE(GoChatTemplate(kExchanges, "m").supports_system());
  EXPECT_TRUE(GoChatTemplate(kMessages, "m").supports_thinking());
  EXPECT_EQ(plain.source(), "{{ .Prompt }}");
}

TEST(GoChatTemplate, NamesThePlaceOfErrors) {
  const auto message_of = [](const std::string& source) -> std::string {
    try {
      return GoChatTemplate(source, "mistral").render(GoPromptInputs{.prompt = "p"});
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
      return error.message();
    }
  };
  EXPECT_EQ(message_of("a\n{{ if }}"), "mistral template, line 2, column 7: a value is missing in if");
  EXPECT_EQ(message_of("{{ .Prompt.X }}"), "mistral template, line 1, column 4: 'string' has no member 'X'");
  EXPECT_EQ(message_of("{{ upper .Prompt }}"),
            "mistral template, line 1, column 4: there is no function 'upper'");
  EXPECT_EQ(message_of("{{ if .Prompt }}x"),
            "mistral template, line 1, column 18: 'if' is not closed: 'end' is "
            "missing");
}

}  // namespace
}  // namespace axllama::text
