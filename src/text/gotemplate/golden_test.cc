// Compares the engine with vectors that tests/golden/gotemplate/make_golden.go
// wrote with Go's text/template.

#include <ctime>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/paths.h"
#include "text/gotemplate/template.h"

namespace axllama::text::gotemplate {
namespace {

using Json = nlohmann::ordered_json;

/// The moment that make_golden.go gives as now.
std::chrono::system_clock::time_point fixed_time() {
  std::tm local{};
  local.tm_year = 125;
  local.tm_mon = 2;
  local.tm_mday = 1;
  local.tm_hour = 4;
  local.tm_isdst = -1;
  return std::chrono::system_clock::from_time_t(std::mktime(&local));
}

TEST(GoTemplateGolden, AgreesWithGo) {
  std::ifstream stream(std::string(AXLLAMA_SOURCE_DIR) + "/tests/golden/gotemplate/vectors.json");
  const Json vectors = Json::parse(stream);
  int texts = 0;
  int errors = 0;
  for (const Json& vector : vectors) {
    const auto source = vector["template"].get<std::string>();
    std::optional<std::string> text;
    std::string failure;
    int line = 0;
    try {
      text = Template(source, "golden").render(vector["data"], fixed_time());
    } catch (const TemplateError& error) {
      failure = error.message();
      line = error.line();
    }
    if (vector.contains("text")) {
      ++texts;
      EXPECT_TRUE(text.has_value()) << source << "\nfailed: " << failure;
      EXPECT_EQ(text.value_or(""), vector["text"].get<std::string>()) << source;
    } else {
      ++errors;
      EXPECT_FALSE(text.has_value()) << source << "\nshould fail but gives: " << *text;
      EXPECT_EQ(line, vector["line"].get<int>()) << source << "\n" << failure;
    }
  }
  EXPECT_GE(texts, 150);
  EXPECT_GE(errors, 80);
}

std::string failure_of(const std::string& source, const Json& data = Json::object()) {
  try {
    return "no failure: " + Template(source, "hostile").render(data).substr(0, 100);
  } catch (const TemplateError& error) {
    return error.message();
  }
}

std::string repeated(const std::string& unit, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) {
    out += unit;
  }
  return out;
}

TEST(GoTemplateLimits, HostileTemplatesEnd) {
  EXPECT_EQ(failure_of("{{ range 9000000000000000000 }}{{ end }}"),
            "hostile, line 1, column 4: the template takes more than 20000000 "
            "steps to render");
  EXPECT_EQ(failure_of("{{ define \"r\" }}{{ template \"r\" }}{{ end }}{{ "
                       "template \"r\" }}"),
            "hostile, line 1, column 20: templates call each other deeper than "
            "200 levels");
  EXPECT_EQ(failure_of("{{ define \"r\" }}{{ template \"r\" }}{{ template "
                       "\"r\" }}{{ end }}{{ template \"r\" }}"),
            "hostile, line 1, column 20: templates call each other deeper than "
            "200 levels");
  EXPECT_EQ(failure_of("{{ $x := \"aaaaaaaaaaaaaaaa\" }}{{ range 40 }}{{ $x = "
                       "print $x $x }}{{ end }}"),
            "hostile, line 1, column 53: a text is longer than 16777216 bytes");
  EXPECT_EQ(failure_of("{{ range 9000 }}{{ printf \"%09999d\" 1 }}{{ end }}"),
            "hostile, line 1, column 20: the template's output is longer than "
            "16777216 bytes");
  EXPECT_EQ(failure_of("{{ printf \"%999999999d\" 1 }}"),
            "hostile, line 1, column 4: a width or precision in a format is "
            "more than 100000");
}

TEST(GoTemplateLimits, NestedSourcesAreRefused) {
  const std::string nested = "the template is nested deeper than 150 levels";
  for (const std::string& source : std::vector<std::string>{
           "{{ " + repeated("(", 100000) + "1" + repeated(")", 100000) + " }}",
           repeated("{{ if true }}", 100000), "{{ if true }}" + repeated("{{ else if true }}", 100000)}) {
    const std::string failure = failure_of(source);
    EXPECT_TRUE(failure.ends_with(nested)) << failure;
  }
}

TEST(GoTemplate, PrintsToolDataAsJson) {
  const Json data = {
      {"Tools",
       Json::array({{{"type", "function"},
                     {"function",
                      {{"name", "f"},
                       {"parameters",
                        {{"type", "object"},
                         {"required", {"b", "a"}},
                         {"properties",
                          {{"b", {{"type", {"string", "null"}}}},
                           {"a", {{"anyOf", {{{"type", "integer"}}, {{"type", "array"}}}}}}}}}}}}}})},
      {"Messages",
       Json::array(
           {{{"role", "assistant"},
             {"tool_calls",
              Json::array({{{"id", "1"},
                            {"function", {{"name", "f"}, {"arguments", {{"z", "<b>"}, {"a", 1}}}}}}})}}})}};
  const auto render = [&](const std::string& source) { return Template(source, "t").render(data); };
  EXPECT_EQ(render("{{ range .Tools }}{{ .Function.Name }}: {{ "
                   ".Function.Parameters.Required }} {{ "
                   ".Function.Parameters.Type }}{{ end }}"),
            "f: [b a] object");
  EXPECT_EQ(render("{{ range $name, $p := (index .Tools "
                   "0).Function.Parameters.Properties }}{{ $name }}: {{ "
                   "toTypeScriptType $p }}; {{ end }}"),
            "b: string | null; a: number | any[]; ");
  EXPECT_EQ(render("{{ range .Messages }}{{ range .ToolCalls }}{{ .ID }}{{ "
                   ".Function.Name }}{{ .Function.Arguments }}{{ json "
                   ".Function.Arguments }}{{ end }}{{ end }}"),
            R"(1f{"z":"\u003cb\u003e","a":1}{"z":"\u003cb\u003e","a":1})");
  EXPECT_TRUE(render("{{ .Tools }}").starts_with(R"([{"type":"function","function":{"name":"f")"));
  EXPECT_TRUE(render("{{ $.Tools }}").starts_with(R"([{"type")"));
  EXPECT_EQ(render("{{ len .Tools }}"), "1");
}

TEST(GoTemplate, CutsWhatFollowsAMember) {
  const Json data = {{"Response", ""}, {"Prompt", "p"}};
  const auto until = [&](const std::string& source) {
    return Template(source, "t").render_until(data, "Response");
  };
  EXPECT_EQ(until("<u>{{ .Prompt }}</u><a>{{ .Response }}</a>"), "<u>p</u><a>");
  EXPECT_EQ(until("{{ if .Prompt }}<u>{{ .Prompt }}<a>{{ .Response }}</a>{{ "
                  "end }} end"),
            "<u>p<a>");
  EXPECT_EQ(until("<a>{{ if .Response }}{{ .Response }}</a>{{ else }}none{{ "
                  "end }} end"),
            "<a>");
  EXPECT_EQ(until("<u>{{ .Prompt }}</u>"), "<u>p</u>");
  EXPECT_EQ(until("a{{ printf \"%s\" (print .Response) }}b"), "a");
}

}  // namespace
}  // namespace axllama::text::gotemplate
