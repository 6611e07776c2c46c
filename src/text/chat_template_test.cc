#include "text/chat_template.h"

#include <atomic>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/paths.h"
#include "tests/support/temporary_folder.h"

namespace axllama::text {
namespace {

using Json = nlohmann::ordered_json;

const std::filesystem::path kRoot = AXLLAMA_SOURCE_DIR;

std::string read_text(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(stream) << path;
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

ChatTemplate construct(const std::string& name) {
  return {read_text(kRoot / "tests/golden/jinja/templates" / (name + ".jinja")),
          name,
          {{"bos_token", "<s>"}, {"eos_token", "</s>"}}};
}

Json weather_tool() {
  return Json::parse(R"({"type": "function", "function": {"name": "get_weather", "parameters":
      {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}})");
}

TEST(ChatTemplate, DefaultIsChatMl) {
  const ChatTemplate chat(default_chat_template(), "default");
  EXPECT_EQ(chat.render({.messages = {{.role = "system", .content = " s "},
                                      {.role = "user", .content = "line\n"},
                                      {.role = "assistant", .content = "a"}}}),
            "<|im_start|>system\n s <|im_end|>\n<|im_start|>user\nline\n<|im_end|>\n"
            "<|im_start|>assistant\na<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(chat.render({.messages = {{.role = "user", .content = "q"}}, .add_generation_prompt = false}),
            "<|im_start|>user\nq<|im_end|>\n");
  EXPECT_TRUE(chat.supports_system());
  EXPECT_FALSE(chat.supports_tools());
  EXPECT_FALSE(chat.supports_thinking());
}

TEST(ChatTemplate, ShowsMessagesAsTransformersDoes) {
  const ChatTemplate chat(
      "{{ messages|tojson }}{{ tools|tojson }}{{ documents is none }}{{ bos_token }}{{ eos_token is defined "
      "}}",
      "t", {{"bos_token", "<s>"}});
  EXPECT_EQ(
      chat.render(
          {.messages = {{.role = "user", .content = "q"},
                        {.role = "assistant",
                         .content = "",
                         .thinking = "hm",
                         .tool_calls = {{.id = "c1", .name = "f", .arguments = {{"z", 1}, {"a", 2}}}}},
                        {.role = "tool", .content = "r", .tool_name = "f", .tool_call_id = "c1"}}}),
      R"([{"role": "user", "content": "q"}, )"
      R"({"role": "assistant", "content": "", "reasoning_content": "hm", )"
      R"("tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": {"z": 1, "a": 2}}}]}, )"
      R"({"role": "tool", "content": "r", "name": "f", "tool_call_id": "c1"}])"
      "nullTrue<s>False");
  EXPECT_EQ(ChatTemplate("{{ tools is none }}", "t").render({.messages = {}, .tools = Json::array()}),
            "True");
}

TEST(ChatTemplate, ExtraVariablesOverride) {
  const ChatTemplate chat("{{ bos_token }}{{ mode }}{{ enable_thinking is defined }}", "t",
                          {{"bos_token", "<s>"}});
  EXPECT_EQ(chat.render({.extra = {{"mode", "m"}, {"bos_token", "X"}}}), "XmFalse");
  EXPECT_EQ(chat.render({.enable_thinking = false}), "<s>True");
}

TEST(ChatTemplate, KnowsWhatTemplatesSupport) {
  struct Expectation {
    const char* name;
    bool tools;
    bool thinking;
    bool can_switch;
    bool system;
  };
  const Expectation expectations[] = {
      {"chatml_tools", true, false, false, true},       {"reverse_thinking", true, true, true, true},
      {"header_blocks", true, false, false, true},      {"modes_and_blocks", true, true, true, true},
      {"alternating_parts", false, false, false, true}, {"one_line", true, false, false, true},
      {"state_machine", false, true, false, true},      {"typed_signatures", true, true, true, true},
      {"bracket_turns", true, false, false, true},
  };
  for (const Expectation& expected : expectations) {
    const ChatTemplate chat = construct(expected.name);
    EXPECT_EQ(chat.supports_tools(), expected.tools) << expected.name;
    EXPECT_EQ(chat.supports_thinking(), expected.thinking) << expected.name;
    EXPECT_EQ(chat.can_switch_thinking(), expected.can_switch) << expected.name;
    EXPECT_EQ(chat.supports_system(), expected.system) << expected.name;
  }
  const ChatTemplate no_system(
      "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}{{ messages[0].content }}",
      "t");
  EXPECT_FALSE(no_system.supports_system());
}

TEST(ChatTemplate, FindsTheTagsOfThoughts) {
  const auto tags_of = [](const std::string& source) {
    const ThinkingTags tags = ChatTemplate(source, "t").thinking_tags();
    return tags.opening + tags.closing;
  };
  EXPECT_EQ(tags_of(default_chat_template()), "<think></think>");
  EXPECT_EQ(construct("reverse_thinking").thinking_tags().opening, "<think>");
  const std::string shown =
      "{% for m in messages %}{% if m.reasoning_content %}[R]\n{{ m.reasoning_content }}\n[/R] {% endif %}"
      "{{ m.content }}{% endfor %}";
  EXPECT_EQ(tags_of(shown), "[R][/R]");
  EXPECT_TRUE(ChatTemplate(shown, "t").supports_thinking());
  const std::string opened = "{{ messages[-1].content }}{% if add_generation_prompt %}[THINK]{% endif %}";
  EXPECT_EQ(tags_of(opened), "[THINK][/THINK]");
  EXPECT_TRUE(ChatTemplate(opened, "t").supports_thinking());
}

TEST(ChatTemplate, GivesContentInTheFormTheTemplateReads) {
  const ChatTemplate parts(
      "{% for m in messages %}{% for c in m.content if c.type == 'text' %}{{ c.text }};{% endfor %}{% endfor "
      "%}",
      "t");
  EXPECT_EQ(parts.render({.messages = {{.role = "user", .content = "q"}}}), "q;");
  const ChatTemplate thinking("{{ messages[0].thinking }}{{ messages[0].content }}", "t");
  EXPECT_EQ(thinking.render({.messages = {{.role = "assistant", .content = "c", .thinking = "t"}}}), "tc");
}

TEST(ChatTemplate, GivesCallsInTheFormTheTemplateReads) {
  // This family prints calls only of messages whose content is none, and joins their arguments as text.
  const ChatTemplate chat = construct("state_machine");
  const std::string prompt = chat.render(
      {.messages = {{.role = "user", .content = "q"},
                    {.role = "assistant",
                     .content = "",
                     .tool_calls = {{.id = "123456789", .name = "f", .arguments = {{"b", "é"}, {"a", 1}}}}},
                    {.role = "tool", .content = "r", .tool_call_id = "123456789"}}});
  EXPECT_NE(prompt.find("f\n```json\n{\"b\": \"é\", \"a\": 1}\n```"), std::string::npos) << prompt;
  // The others take objects and text.
  for (const char* name :
       {"chatml_tools", "reverse_thinking", "header_blocks", "typed_signatures", "bracket_turns"}) {
    const std::string text = construct(name).render(
        {.messages =
             {{.role = "user", .content = "q"},
              {.role = "assistant",
               .content = "",
               .tool_calls = {{.id = "123456789", .name = "get_weather", .arguments = {{"city", "Köln"}}}}},
              {.role = "tool", .content = "warm", .tool_call_id = "123456789"}},
         .tools = Json::array({weather_tool()})});
    EXPECT_NE(text.find("Köln"), std::string::npos) << name << "\n" << text;
    EXPECT_EQ(text.find("None"), std::string::npos) << name << "\n" << text;
  }
}

TEST(ChatTemplate, RendersForManyThreads) {
  const ChatTemplate chat = construct("reverse_thinking");
  const ChatTemplateInputs inputs{.messages = {{.role = "user", .content = "q"},
                                               {.role = "assistant", .content = "<think>x</think>a"},
                                               {.role = "user", .content = "r"}},
                                  .tools = Json::array({weather_tool()})};
  const std::string expected = chat.render(inputs);
  std::atomic<int> different{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        different += chat.render(inputs) == expected ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(different, 0);
}

class ChatTemplateFiles : public ::testing::Test {
 protected:
  ChatTemplateFiles() { std::filesystem::create_directories(folder_ / "additional_chat_templates"); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  std::string failure() const {
    try {
      find_chat_template(folder_, "t");
    } catch (const base::Error& error) {
      return error.message().substr(folder_.string().size() + 1);
    }
    return "none";
  }

  const axllama::testing::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

TEST_F(ChatTemplateFiles, PrefersTheJinjaFile) {
  EXPECT_EQ(find_chat_template(folder_, "t").source, default_chat_template());
  write(
      "tokenizer_config.json",
      R"({"chat_template": "config", "bos_token": {"content": "<s>"}, "eos_token": "</s>", "pad_token": null})");
  EXPECT_EQ(find_chat_template(folder_, "t").source, "config");
  EXPECT_EQ(find_chat_template(folder_, "t").special_tokens,
            (SpecialTokens{{"bos_token", "<s>"}, {"eos_token", "</s>"}}));
  write("special_tokens_map.json", R"({"bos_token": "old", "unk_token": "<unk>"})");
  EXPECT_EQ(find_chat_template(folder_, "t").special_tokens,
            (SpecialTokens{{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}}));
  write("chat_template.json", R"({"chat_template": "json"})");
  EXPECT_EQ(find_chat_template(folder_, "t").source, "json");
  write("chat_template.jinja", "file\n");
  EXPECT_EQ(find_chat_template(folder_, "t").source, "file\n");
  EXPECT_EQ(find_chat_template(folder_, "t").tool_use_source, "");
  write("additional_chat_templates/tool_use.jinja", "tools");
  EXPECT_EQ(find_chat_template(folder_, "t").tool_use_source, "tools");
  EXPECT_EQ(find_chat_template(folder_, "t").name, "t");
}

TEST_F(ChatTemplateFiles, ChoosesAmongNamedTemplates) {
  write(
      "tokenizer_config.json",
      R"({"chat_template": [{"name": "rag", "template": "R"}, {"name": "tool_use", "template": "T{{ tools|length }}"}, {"name": "default", "template": "D"}]})");
  const ChatTemplate chat(find_chat_template(folder_, "t"));
  EXPECT_EQ(chat.render({.messages = {}}), "D");
  EXPECT_EQ(chat.render({.messages = {}, .tools = Json::array({weather_tool()})}), "T1");
  write("tokenizer_config.json", R"({"chat_template": [{"name": "tool_use", "template": "T"}]})");
  EXPECT_EQ(find_chat_template(folder_, "t").source, "T");
}

TEST_F(ChatTemplateFiles, NamesTheFileThatIsWrong) {
  write("tokenizer_config.json", "{");
  EXPECT_EQ(failure(), "tokenizer_config.json is not valid JSON.");
  write("tokenizer_config.json", "[1]");
  EXPECT_EQ(failure(), "tokenizer_config.json holds JSON of type array, not an object.");
  write("tokenizer_config.json", R"({"chat_template": 5})");
  EXPECT_EQ(failure(),
            "tokenizer_config.json has a \"chat_template\" of type number, not a string or a list of named "
            "templates.");
  write("tokenizer_config.json", R"({"chat_template": [{"name": "x"}]})");
  EXPECT_EQ(failure(),
            "tokenizer_config.json has an entry in \"chat_template\" without the strings \"name\" and "
            "\"template\".");
}

TEST(ChatTemplateErrors, NameTheTemplateAndThePlace) {
  const ChatTemplateInputs question{.messages = {{.role = "user", .content = "q"}}};
  const auto message_of = [&](const std::string& source) -> std::string {
    try {
      return ChatTemplate(source, "qwen3").render(question);
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
      return error.message();
    }
  };
  EXPECT_EQ(message_of("a\n  {{ b.c }}"), "qwen3 chat template, line 2, column 7: 'b' is undefined");
  EXPECT_EQ(message_of("{% if é %}{% endif %}{{ 'ü' + 5 }}"),
            "qwen3 chat template, line 1, column 29: '+' is not defined for 'str' and 'int'");
  EXPECT_EQ(message_of("\n\n{{ raise_exception('No.') }}"), "qwen3 chat template, line 3, column 19: No.");
  EXPECT_EQ(message_of("x{% if %}"),
            "qwen3 chat template, line 1, column 8: expected an expression, found '%}'");
  EXPECT_EQ(message_of("{% if true %}\nx"),
            "qwen3 chat template, line 2, column 1: the template ends inside 'if': 'elif' or 'else' or "
            "'endif' is missing");
  EXPECT_EQ(message_of("{% include 'x' %}"),
            "qwen3 chat template, line 1, column 4: 'include' is not supported: a chat template is one text "
            "and cannot refer to others");
  EXPECT_EQ(message_of("{{ messages[0].content.foo.bar }}"),
            "qwen3 chat template, line 1, column 27: 'str object' has no attribute 'foo'");
  EXPECT_EQ(message_of("{{ messages[7].role }}"),
            "qwen3 chat template, line 1, column 15: list object has no element 7");
}

}  // namespace
}  // namespace axllama::text
