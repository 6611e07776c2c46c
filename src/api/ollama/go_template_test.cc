#include "api/ollama/go_template.h"

#include <string>

#include <gtest/gtest.h>

#include "text/chat_template.h"

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
