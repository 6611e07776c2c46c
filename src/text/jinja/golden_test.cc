// Compares the engine with vectors that tests/golden/jinja/make_golden.py wrote with Python's jinja2.

#include <ctime>
#include <fstream>
#include <optional>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/paths.h"
#include "text/jinja/template.h"

namespace axllama::text::jinja {
namespace {

using Json = nlohmann::ordered_json;

std::string read_text(const std::string& path) {
  std::ifstream stream(std::string(AXLLAMA_SOURCE_DIR) + "/" + path, std::ios::binary);
  EXPECT_TRUE(stream) << path;
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

const Json& expressions() {
  static const Json kVectors = Json::parse(read_text("tests/golden/jinja/expressions.json"));
  return kVectors;
}

const Json& conversations() {
  static const Json kVectors = Json::parse(read_text("tests/golden/jinja/conversations.json"));
  return kVectors;
}

/// The moment that make_golden.py gives as now: 2025-03-09 04:05:06.000789, local time.
RenderOptions fixed_time() {
  std::tm local{};
  local.tm_year = 125;
  local.tm_mon = 2;
  local.tm_mday = 9;
  local.tm_hour = 4;
  local.tm_min = 5;
  local.tm_sec = 6;
  local.tm_isdst = -1;
  return {.now =
              std::chrono::system_clock::from_time_t(std::mktime(&local)) + std::chrono::microseconds(789)};
}

std::string kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kSyntax:
      return "syntax";
    case ErrorKind::kUndefined:
      return "undefined";
    case ErrorKind::kRuntime:
      return "runtime";
    case ErrorKind::kRaised:
      return "raised";
    case ErrorKind::kLimit:
      return "limit";
  }
  return "?";
}

/// Renders and compares with the vector's "text", or with its "error", "line" and "message".
void check(const std::string& source, const Json& variables, const Json& expected, const std::string& what) {
  std::optional<std::string> text;
  std::string failure;
  try {
    text = Template(source, "golden template").render(variables, fixed_time());
  } catch (const TemplateError& error) {
    failure = error.message();
    if (expected.contains("error")) {
      EXPECT_EQ(kind_name(error.kind()), expected["error"].get<std::string>()) << what << "\n" << failure;
      if (expected.contains("line") && !expected["line"].is_null()) {
        EXPECT_EQ(error.line(), expected["line"].get<int>()) << what << "\n" << failure;
      }
      if (expected.contains("message")) {
        EXPECT_EQ(error.reason(), expected["message"].get<std::string>()) << what;
      }
    }
  }
  if (expected.contains("text")) {
    EXPECT_TRUE(text.has_value()) << what << "\nfailed: " << failure;
    EXPECT_EQ(text.value_or(""), expected["text"].get<std::string>()) << what;
  } else {
    EXPECT_FALSE(text.has_value()) << what << "\nshould fail (" << expected["error"]
                                   << ") but gives: " << *text;
  }
}

class JinjaExpressions : public ::testing::TestWithParam<std::string> {};

TEST_P(JinjaExpressions, AgreeWithJinja2) {
  int cases = 0;
  for (const Json& vector : expressions()) {
    if (vector["group"].get<std::string>() == GetParam()) {
      ++cases;
      const auto source = vector["template"].get<std::string>();
      check(source, vector["variables"], vector, source);
    }
  }
  EXPECT_GT(cases, 0);
}

std::vector<std::string> groups() {
  std::vector<std::string> names;
  for (const Json& vector : expressions()) {
    if (names.empty() || names.back() != vector["group"].get<std::string>()) {
      names.push_back(vector["group"].get<std::string>());
    }
  }
  return names;
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) {
    c = c == ' ' ? '_' : c;
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Golden, JinjaExpressions, ::testing::ValuesIn(groups()), test_name);

class JinjaConversations : public ::testing::TestWithParam<std::string> {};

TEST_P(JinjaConversations, AgreeWithJinja2) {
  const Json& vectors = conversations();
  const std::string source = read_text(vectors["templates"][GetParam()].get<std::string>());
  int cases = 0;
  for (const Json& result : vectors["results"]) {
    if (result["template"].get<std::string>() != GetParam()) {
      continue;
    }
    ++cases;
    Json variables = {{"tools", nullptr}, {"documents", nullptr}, {"add_generation_prompt", true}};
    variables.update(vectors["tokens"]);
    variables.update(vectors["conversations"][result["conversation"].get<std::string>()]);
    check(source, variables, result, result["conversation"].get<std::string>());
  }
  EXPECT_GT(cases, 20);
}

std::vector<std::string> templates() {
  std::vector<std::string> names;
  for (const auto& [name, path] : conversations()["templates"].items()) {
    names.push_back(name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Golden, JinjaConversations, ::testing::ValuesIn(templates()), test_name);

TEST(JinjaGolden, HasEnoughCases) {
  std::set<std::string> sources;
  std::size_t errors = 0;
  for (const Json& vector : expressions()) {
    sources.insert(vector["template"].get<std::string>());
    errors += vector.contains("error") ? 1U : 0U;
  }
  EXPECT_GE(sources.size(), 1000U);
  EXPECT_GE(errors, 200U);
}

}  // namespace
}  // namespace axllama::text::jinja
