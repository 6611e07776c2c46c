// Hostile templates: each must end soon, with an error that names what was exceeded.

#include "text/jinja/limits.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "text/jinja/template.h"

namespace axllama::text::jinja {
namespace {

std::string repeated(const std::string& unit, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) {
    out += unit;
  }
  return out;
}

/// The reason of the limit error that rendering (or parsing) must end with.
std::string limit_reached(const std::string& source, const Limits& limits = {}) {
  const auto begin = std::chrono::steady_clock::now();
  std::string reason = "nothing was thrown";
  try {
    Template(source, "hostile template", limits).render(nlohmann::ordered_json::object());
  } catch (const TemplateError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kLimit) << error.message();
    EXPECT_GE(error.line(), 1);
    EXPECT_TRUE(error.message().starts_with("hostile template, line ")) << error.message();
    reason = error.reason();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60)) << source.substr(0, 200);
  return reason;
}

Limits few_steps() {
  Limits limits;
  limits.max_steps = 300'000;
  return limits;
}

TEST(JinjaLimits, LoopsEnd) {
  const std::string nested =
      "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
  EXPECT_EQ(limit_reached(nested, few_steps()), "the template takes more than 300000 steps to render");
  EXPECT_EQ(
      limit_reached("{% for x in range(99999) %}{% for y in 'abcdef' if false %}{% endfor %}{% endfor %}",
                    few_steps()),
      "the template takes more than 300000 steps to render");
}

TEST(JinjaLimits, RecursionEnds) {
  const std::string deeper = " nested deeper than ";
  EXPECT_NE(limit_reached("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}").find(deeper), std::string::npos);
  EXPECT_NE(limit_reached("{% macro m(x) %}{% call m(x) %}{{ x }}{% endcall %}{{ caller() }}{% endmacro %}"
                          "{% call m(1) %}{% endcall %}")
                .find(deeper),
            std::string::npos);
  EXPECT_NE(limit_reached("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}").find(deeper),
            std::string::npos);
  EXPECT_NE(limit_reached("{% macro a() %}{% set x %}{{ b() }}{% endset %}{% endmacro %}"
                          "{% macro b() %}{% filter upper %}{{ a() }}{% endfilter %}{% endmacro %}{{ a() }}")
                .find(deeper),
            std::string::npos);
}

TEST(JinjaLimits, OutputIsBounded) {
  EXPECT_EQ(limit_reached("{% set s = 'x' * 1000000 %}{% for i in range(100) %}{{ s }}{% endfor %}"),
            "the template's output is longer than 16777216 bytes");
  EXPECT_EQ(
      limit_reached("{% macro m(n) %}{{ 'x' * 1000000 }}{% if n %}{{ m(n - 1) }}{% endif %}{% endmacro %}"
                    "{{ m(40) }}"),
      "the template's output is longer than 16777216 bytes");
}

TEST(JinjaLimits, MemoryIsBounded) {
  const std::string memory = "the template needs more than 256 MiB of memory";
  EXPECT_EQ(limit_reached("{{ 'x' * 9000000000000000000 }}"), memory);
  EXPECT_EQ(limit_reached("{{ [0] * 1000000000 }}"), memory);
  EXPECT_EQ(limit_reached("{{ 'x'.center(99999999999) }}"), memory);
  EXPECT_EQ(limit_reached("{{ 'x'|indent(99999999999, true) }}"), memory);
  EXPECT_EQ(limit_reached("{{ [[[[1]]]]|tojson(indent=' ' * 200000000) }}"), memory);
  EXPECT_EQ(limit_reached("{{ ('a' * 30000)|replace('a', 'b' * 10000) }}"), memory);
  EXPECT_EQ(limit_reached("{{ [1]|batch(99999999999, 0)|list }}"), memory);
  EXPECT_EQ(
      limit_reached("{% set ns = namespace(s='x') %}{% for i in range(64) %}{% set ns.s = ns.s ~ ns.s %}"
                    "{% endfor %}"),
      memory);
  EXPECT_EQ(limit_reached("{% set ns = namespace(l=[]) %}{% for i in range(1000) %}"
                          "{% set ns.l = ns.l + ['x' * 1000000 ~ i] %}{% endfor %}"),
            memory);
}

TEST(JinjaLimits, FormatsAreBounded) {
  for (const std::string source :
       {"{{ '%999999999d' % 1 }}", "{{ '%.999999999f' % 1.0 }}", "{{ '{:999999999}'.format(1) }}",
        "{{ '{:.999999999f}'.format(1.0) }}", "{{ '%*d' % (999999999, 1) }}"}) {
    EXPECT_THROW(Template(source, "t").render(nlohmann::ordered_json::object()), TemplateError) << source;
  }
}

TEST(JinjaLimits, NestedSourcesAreRefused) {
  const std::string nested = "statements and expressions are nested deeper than 150 levels";
  EXPECT_EQ(limit_reached("{{ " + repeated("(", 100000) + " }}"), nested);
  EXPECT_EQ(limit_reached("{{ " + repeated("[", 100000) + " }}"), nested);
  EXPECT_EQ(limit_reached("{{ " + repeated("{1:", 100000) + " }}"), nested);
  EXPECT_EQ(limit_reached("{{ " + repeated("not ", 100000) + " }}"), nested);
  EXPECT_EQ(limit_reached("{{ " + repeated("-", 100000) + "1 }}"), nested);
  EXPECT_EQ(limit_reached("{{ " + repeated("x if y else ", 100000) + "1 }}"), nested);
  EXPECT_EQ(limit_reached("{{ f" + repeated("(f", 100000) + " }}"), nested);
  EXPECT_EQ(limit_reached("{% set " + repeated("(", 100000) + " %}"), nested);
  EXPECT_EQ(limit_reached(repeated("{% if true %}", 100000)), nested);
  for (const std::string link : {" + 1", ".a", "[0]", "()", "|string", " and 1", " or 1", " if 1"}) {
    EXPECT_EQ(limit_reached("{{ 1" + repeated(link, 100000) + " }}"),
              "an expression has more than 800 operations")
        << link;
  }
}

TEST(JinjaLimits, LongSourcesAreRefused) {
  EXPECT_EQ(limit_reached(std::string(5U << 20U, 'x')),
            "the template has 5242880 bytes; the limit is 4194304");
}

TEST(JinjaLimits, DeepValuesAreRefused) {
  const std::string deep =
      "{% set ns = namespace(a=[], b=[]) %}{% for i in range(5000) %}{% set ns.a = [ns.a] %}"
      "{% set ns.b = [ns.b] %}{% endfor %}";
  EXPECT_EQ(limit_reached(deep + "{{ ns.a }}"), "printed values are nested deeper than 200 levels");
  EXPECT_EQ(limit_reached(deep + "{{ ns.a|tojson }}"), "values for tojson are nested deeper than 200 levels");
  EXPECT_EQ(limit_reached(deep + "{{ ns.a == ns.b }}"), "compared values are nested deeper than 200 levels");
  EXPECT_EQ(limit_reached(deep + "{{ ns.a < ns.b }}"), "compared values are nested deeper than 200 levels");
  // A list that holds itself.
  const std::string knot = "{% set l = [] %}{% set _ = l.append(l) %}";
  EXPECT_EQ(limit_reached(knot + "{{ l }}"), "printed values are nested deeper than 200 levels");
  EXPECT_EQ(limit_reached(knot + "{% set d = {'l': l} %}{{ d|tojson }}"),
            "values for tojson are nested deeper than 200 levels");
}

TEST(JinjaLimits, SharedValuesDoNotExplode) {
  const std::string shared =
      "{% set ns = namespace(a=[0], b=[0]) %}{% for i in range(100) %}{% set ns.a = [ns.a, ns.a] %}"
      "{% set ns.b = [ns.b, ns.b] %}{% endfor %}";
  limit_reached(shared + "{{ ns.a }}", few_steps());
  limit_reached(shared + "{{ ns.a|tojson }}", few_steps());
  limit_reached(shared + "{{ ns.a == ns.b }}", few_steps());
}

TEST(JinjaLimits, SearchesAreLinear) {
  const std::string text = "{% set t = 'a' * 2000000 %}{% set p = 'a' * 1000000 ~ 'b' %}";
  const auto none = nlohmann::ordered_json::object();
  EXPECT_EQ(Template(text + "{{ p in t }}{{ t.find(p) }}{{ t.rfind(p) }}{{ t.count(p) }}", "t").render(none),
            "False-1-10");
  EXPECT_EQ(
      Template(text + "{{ t.split(p)|length }}{{ t.rsplit(p)|length }}{{ t.replace(p, '')|length }}", "t")
          .render(none),
      "112000000");
  EXPECT_EQ(Template(text + "{{ t.rsplit('aa')|length }}", "t").render(none), "1000001");
}

TEST(JinjaLimits, DeepInputsAreRefused) {
  nlohmann::ordered_json deep = 1;
  for (int i = 0; i < 300; ++i) {
    deep = nlohmann::ordered_json::array({std::move(deep)});
  }
  try {
    Template("\n{{ x }}", "t").render({{"x", deep}});
    FAIL();
  } catch (const TemplateError& error) {
    EXPECT_EQ(error.message(), "t, line 2, column 4: the given values are nested deeper than 200 levels");
  }
}

TEST(JinjaLimits, ArithmeticDoesNotWrap) {
  for (const std::string source :
       {"9223372036854775807 + 1", "-9223372036854775807 - 2", "4611686018427387904 * 2", "2 ** 63",
        "3 ** 1000000000", "-(-9223372036854775807 - 1)", "(-9223372036854775807 - 1) // -1",
        "(-9223372036854775807 - 1)|abs", "9223372036854775808", "1e300|int", "9223372036854775807|round(-3)",
        "[9223372036854775807, 1]|sum"}) {
    EXPECT_THROW(Template("{{ " + source + " }}", "t").render(nlohmann::ordered_json::object()),
                 TemplateError)
        << source;
  }
  EXPECT_EQ(Template("{{ (-9223372036854775807 - 1) % -1 }}", "t").render(nlohmann::ordered_json::object()),
            "0");
  EXPECT_THROW(Template("{{ x }}", "t").render({{"x", 18446744073709551615U}}), TemplateError);
}

}  // namespace
}  // namespace axllama::text::jinja
