#include "api/ollama/go_template.h"

#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "tests/paths.h"
#include "text/chat_template.h"
#include "text/go_chat_template.h"
#include "text/tool_calls/testing/templates.h"

namespace axllama::api::ollama {
namespace {

std::string describe(const std::string& jinja) {
  return describe_as_go_template(text::ChatTemplate(jinja, "test", {{"bos_token", "<s>"}}));
}

TEST(GoTemplateTest, DescribesChatMl) {
  EXPECT_EQ(describe_as_go_template(text::ChatTemplate(text::default_chat_template(), "chatml")),
            "{{ if .System }}<|im_start|>system\n{{ .System }}<|im_end|>\n{{ end }}"
            "{{ range .Messages }}{{ if eq .Role \"user\" }}<|im_start|>user\n{{ .Content }}<|im_end|>\n"
            "{{ else if eq .Role \"assistant\" }}<|im_start|>assistant\n{{ .Content }}<|im_end|>\n"
            "{{ end }}{{ end }}<|im_start|>assistant\n");
}

TEST(GoTemplateTest, WritesWhatComesOnceOnce) {
  EXPECT_EQ(describe("{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}</s>{% endfor %}"
                     "{% if add_generation_prompt %}<assistant>{% endif %}"),
            "<s>{{ if .System }}<system>{{ .System }}</s>{{ end }}"
            "{{ range .Messages }}{{ if eq .Role \"user\" }}<user>{{ .Content }}</s>"
            "{{ else if eq .Role \"assistant\" }}<assistant>{{ .Content }}</s>{{ end }}{{ end }}<assistant>");
}

TEST(GoTemplateTest, LeavesOutASystemMessageTheTemplateDoesNotKnow) {
  EXPECT_EQ(
      describe("{% for m in messages %}{% if m.role != 'system' %}[{{ m.role }}]{{ m.content }}{% endif %}"
               "{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"),
      "{{ range .Messages }}{{ if eq .Role \"user\" }}[user]{{ .Content }}"
      "{{ else if eq .Role \"assistant\" }}[assistant]{{ .Content }}{{ end }}{{ end }}[assistant]");
}

TEST(GoTemplateTest, EscapesActions) {
  EXPECT_EQ(describe("{% for m in messages %}{{ '{{' + m.role + '}}' }}{{ m.content }}\n{% endfor %}"
                     "{% if add_generation_prompt %}{{ '{{a}}' }}{% endif %}"),
            "{{ if .System }}{{ \"{{\" }}system}}{{ .System }}\n{{ end }}"
            "{{ range .Messages }}{{ if eq .Role \"user\" }}{{ \"{{\" }}user}}{{ .Content }}\n"
            "{{ else if eq .Role \"assistant\" }}{{ \"{{\" }}assistant}}{{ .Content }}\n{{ end }}{{ end }}{{ "
            "\"{{\" }}a}}");
}

/// Go writes JSON without blanks.
std::string without_json_blanks(std::string text) {
  for (const char* blank : {"\": ", ", \""}) {
    for (auto at = text.find(blank); at != std::string::npos; at = text.find(blank)) {
      text.erase(at + (blank[0] == '"' ? 2 : 1), 1);
    }
  }
  return text;
}

TEST(GoTemplateTest, DescribesToolsAndThoughtsSoThatTheSamePromptComesOut) {
  std::ifstream file(std::string(AXLLAMA_SOURCE_DIR) + "/models/tiny/chat_template.jinja");
  const std::string bundled{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  text::ChatTemplateInputs inputs;
  inputs.messages = {{.role = "system", .content = "Be brief."},
                     {.role = "user", .content = "Is it warm in Rome?"},
                     {.role = "assistant",
                      .content = "",
                      .tool_calls = {{.name = "weather", .arguments = {{"city", "Rome"}}}}},
                     {.role = "tool", .content = "20 degrees", .tool_name = "weather"},
                     {.role = "assistant", .content = "Yes."},
                     {.role = "user", .content = "Thanks."}};
  inputs.tools = nlohmann::ordered_json::parse(R"([{"type": "function", "function": {"name": "weather",
      "description": "Tells it.", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}])");
  inputs.enable_thinking = false;
  for (const std::string& source : {bundled, text::testing::kHermesTemplate}) {
    const text::ChatTemplate jinja(source, "test", {{"bos_token", "<s>"}, {"eos_token", "</s>"}});
    const std::string described = describe_as_go_template(jinja);
    const text::GoChatTemplate go(described, "described");
    EXPECT_TRUE(go.supports_tools());
    EXPECT_EQ(without_json_blanks(go.render(inputs)), without_json_blanks(jinja.render(inputs))) << described;
    text::ChatTemplateInputs plain{.messages = {inputs.messages[1]}, .enable_thinking = true};
    EXPECT_EQ(go.render(plain), jinja.render(plain));
    plain.tools = inputs.tools;
    EXPECT_EQ(without_json_blanks(go.render(plain)), without_json_blanks(jinja.render(plain)));
  }
}

TEST(GoTemplateTest, SaysNothingAboutTemplatesOfAnotherKind) {
  EXPECT_EQ(describe("{{ messages | length }}"), "");
  EXPECT_EQ(describe("{{ messages[0].content }}{{ messages[0].content }}"), "");
  EXPECT_EQ(
      describe("{% for m in messages %}{% if m.role == 'assistant' %}{{ raise_exception('no') }}{% endif %}"
               "{{ m.content }}{% endfor %}"),
      "");
}

}  // namespace
}  // namespace axllama::api::ollama
