#include "text/tool_calls/parser.h"

#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "text/chat_template.h"
#include "text/tool_calls/testing/templates.h"

namespace axllama::text {
namespace {

using Json = nlohmann::ordered_json;

const Json kTools = Json::parse(R"([
  {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties":
    {"city": {"type": "string"}, "days": {"type": "integer"}, "where": {"type": "object"}}}}},
  {"type": "function", "function": {"name": "time", "parameters": {"type": "object"}}}])");

ToolCallFormat format_of(const std::string& source) {
  return ChatTemplate(source, "t", {{"bos_token", "<s>"}, {"eos_token", "</s>"}}).tool_call_format();
}

const ToolCallFormat& hermes() {
  static const ToolCallFormat kFormat = format_of(testing::kHermesTemplate);
  return kFormat;
}
const ToolCallFormat& tagged() {
  static const ToolCallFormat kFormat = format_of(testing::kTaggedTemplate);
  return kFormat;
}
const ToolCallFormat& llama() {
  static const ToolCallFormat kFormat = format_of(testing::kLlamaTemplate);
  return kFormat;
}
const ToolCallFormat& mistral() {
  static const ToolCallFormat kFormat = format_of(testing::kMistralListTemplate);
  return kFormat;
}
const ToolCallFormat& phi() {
  static const ToolCallFormat kFormat = format_of(testing::kPhiTemplate);
  return kFormat;
}
const ToolCallFormat& deepseek() {
  static const ToolCallFormat kFormat = format_of(testing::kDeepSeekTemplate);
  return kFormat;
}

/// An answer as a parser found it; calls as "name(arguments)".
struct Parsed {
  std::string content;
  std::vector<std::string> calls;
  std::size_t hidden = 0;
  std::vector<std::size_t> content_before;  // of each call

  bool operator==(const Parsed&) const = default;
};

void PrintTo(const Parsed& parsed, std::ostream* out) {
  *out << ::testing::PrintToString(parsed.content) << " " << ::testing::PrintToString(parsed.calls) << " "
       << parsed.hidden << " " << ::testing::PrintToString(parsed.content_before);
}

void take(ToolCallParser::Output output, Parsed& parsed) {
  for (const std::size_t before : output.content_before) {
    parsed.content_before.push_back(parsed.content.size() + before);
  }
  parsed.content += output.content;
  for (const ToolCall& call : output.calls) {
    parsed.calls.push_back(call.name + "(" +
                           call.arguments.dump(-1, ' ', false, Json::error_handler_t::replace) + ")");
  }
}

/// `next_size` says how long the next piece is.
template <typename Sizes>
Parsed parse(const ToolCallFormat& format, std::string_view text, Sizes next_size) {
  ToolCallParser parser(format, OfferedTools(kTools));
  Parsed parsed;
  while (!text.empty()) {
    const std::size_t size = std::min<std::size_t>(next_size(), text.size());
    take(parser.push(text.substr(0, size)), parsed);
    text.remove_prefix(size);
  }
  take(parser.flush(), parsed);
  parsed.hidden = parser.hidden_bytes();
  return parsed;
}

Parsed parse_whole(const ToolCallFormat& format, std::string_view text) {
  return parse(format, text, [&] { return text.size(); });
}

struct Example {
  const char* name;
  const ToolCallFormat& (*format)();
  std::string text;
  std::string content;
  std::vector<std::string> calls;
};

void PrintTo(const Example& example, std::ostream* out) {
  *out << example.name;
}

const std::vector<Example>& examples() {
  static const std::vector<Example> kExamples = {
      {"Text",
       hermes,
       "Just < text > with {\"a\": 1} and [1].\n\n",
       "Just < text > with {\"a\": 1} and [1].\n\n",
       {}},
      {"Hermes",
       hermes,
       "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Köln\", \"days\": 2}}\n</tool_call>",
       "",
       {R"(weather({"city":"Köln","days":2}))"}},
      {"HermesParallel",
       hermes,
       "I ask.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": "
       "{}}\n</tool_call>\n<tool_call>\n{\"name\": \"time\", "
       "\"arguments\": {\"x\": \"</tool_call>\"}}\n</tool_call>\n",
       "I ask.",
       {"weather({})", R"(time({"x":"</tool_call>"}))"}},
      {"HermesUnknownTool",
       hermes,
       "<tool_call>{\"name\": \"nobody\", \"arguments\": {}}</tool_call>",
       "",
       {"nobody({})"}},
      {"HermesWithoutClosing",
       hermes,
       "<tool_call>{\"name\": \"time\", \"arguments\": {}}",
       "",
       {"time({})"}},
      {"HermesTextAfter",
       hermes,
       "Yes.\n\n<tool_call>{\"name\": \"time\"}</tool_call>\nDone.",
       "Yes.\nDone.",
       {"time({})"}},
      {"HermesTextArguments",
       hermes,
       "<tool_call>{\"name\": \"time\", \"arguments\": \"{\\\"a\\\": 1}\"}</tool_call>",
       "",
       {R"(time({"a":1}))"}},
      {"HermesLineBreakInString",
       hermes,
       "<tool_call>{\"name\": \"time\", \"arguments\": {\"a\": \"1\n2\"}}</tool_call>",
       "",
       {R"(time({"a":"1\n2"}))"}},
      {"HermesNumberAsText",
       hermes,
       "<tool_call>{\"name\": \"weather\", \"arguments\": {\"days\": \"3\"}}</tool_call>",
       "",
       {R"(weather({"days":3}))"}},
      {"HermesList",
       hermes,
       "<tool_call>[{\"name\": \"time\"}, {\"name\": \"weather\"}]</tool_call>",
       "",
       {"time({})", "weather({})"}},
      {"HermesMalformed",
       hermes,
       "<tool_call>{\"name\": time}</tool_call>",
       "<tool_call>{\"name\": time}</tool_call>",
       {}},
      {"HermesCutOff", hermes, "a\n<tool_call>\n{\"name\": \"ti", "a\n<tool_call>\n{\"name\": \"ti", {}},
      {"HermesMalformedThenGood",
       hermes,
       "<tool_call>{]<tool_call>{\"name\": \"time\"}</tool_call>",
       "<tool_call>{]",
       {"time({})"}},
      {"HermesWithoutName",
       hermes,
       "<tool_call>{\"arguments\": {}}</tool_call>",
       "<tool_call>{\"arguments\": {}}</tool_call>",
       {}},
      {"HermesWrongArguments",
       hermes,
       "<tool_call>{\"name\": \"time\", \"arguments\": [1]}</tool_call>",
       "<tool_call>{\"name\": \"time\", \"arguments\": [1]}</tool_call>",
       {}},
      {"HermesForgotTheTags", hermes, "{\"name\": \"time\", \"arguments\": {}}", "", {"time({})"}},
      {"HermesJsonLater",
       hermes,
       "See:\n{\"name\": \"time\", \"arguments\": {}}",
       "See:\n{\"name\": \"time\", \"arguments\": {}}",
       {}},
      {"HermesClosingAlone", hermes, "a</tool_call>b", "a</tool_call>b", {}},
      {"Tags",
       tagged,
       "Well.\n<tool_call>\n<function=weather>\n<parameter=city>\nNew "
       "York\n</parameter>\n<parameter=days>\n3\n</parameter>\n"
       "<parameter=where>\n{\"a\": [1]}\n</parameter>\n</function>\n</tool_call>",
       "Well.",
       {R"(weather({"city":"New York","days":3,"where":{"a":[1]}}))"}},
      {"TagsWithoutOpening",
       tagged,
       "<function=weather>\n<parameter=city>\n12\n</parameter>\n</function>\n</tool_call>",
       "",
       {R"(weather({"city":"12"}))"}},
      {"TagsManyLines",
       tagged,
       "<tool_call><function=time><parameter=code>\n\nif a < b:\n  {\n\n</parameter></function></tool_call>",
       "",
       {R"(time({"code":"\nif a < b:\n  {\n"}))"}},
      {"TagsMalformed",
       tagged,
       "<function=time><parameter=a>1</function>",
       "<function=time><parameter=a>1</function>",
       {}},
      {"TagsWithJson",
       tagged,
       "<tool_call>{\"name\": \"time\", \"arguments\": {}}</tool_call>",
       "",
       {"time({})"}},
      {"Llama",
       llama,
       "{\"name\": \"weather\", \"parameters\": {\"city\": \"Rom\"}}",
       "",
       {R"(weather({"city":"Rom"}))"}},
      {"LlamaFunctionType",
       llama,
       "{\"type\": \"function\", \"name\": \"time\", \"parameters\": {}}",
       "",
       {"time({})"}},
      {"LlamaPythonTag", llama, "<|python_tag|>{\"name\": \"other\", \"parameters\": {}}", "", {"other({})"}},
      {"LlamaParallel",
       llama,
       "{\"name\": \"time\", \"parameters\": {}}; {\"name\": \"weather\", \"parameters\": {}}",
       "",
       {"time({})", "weather({})"}},
      {"LlamaLines",
       llama,
       "Here:\n {\"name\": \"time\"}\n{\"name\": \"weather\"}",
       "Here:",
       {"time({})", "weather({})"}},
      {"LlamaJsonAnswer", llama, "{\"answer\": 4}", "{\"answer\": 4}", {}},
      {"LlamaUnknownTool",
       llama,
       "{\"name\": \"Ann\", \"parameters\": {}}",
       "{\"name\": \"Ann\", \"parameters\": {}}",
       {}},
      {"LlamaInLine", llama, "Use {\"name\": \"time\"}.", "Use {\"name\": \"time\"}.", {}},
      {"LlamaSemicolonThenText", llama, "{\"name\": \"time\"}; then", "; then", {"time({})"}},
      {"LlamaCode", llama, "<|python_tag|>print(1)", "<|python_tag|>print(1)", {}},
      {"Mistral",
       mistral,
       "[TOOL_CALLS] [{\"name\": \"time\", \"arguments\": {}, \"id\": \"abcdefghi\"}, {\"name\": "
       "\"weather\", "
       "\"arguments\": {\"city\": \"Rom\"}}]",
       "",
       {"time({})", R"(weather({"city":"Rom"}))"}},
      {"MistralNamed",
       mistral,
       "[TOOL_CALLS]weather[ARGS]{\"city\": \"Rom\"}[TOOL_CALLS]time[CALL_ID]abcdefghi[ARGS]{}",
       "",
       {R"(weather({"city":"Rom"}))", "time({})"}},
      {"MistralNameOnly", mistral, "ok [TOOL_CALLS]time{}", "ok", {"time({})"}},
      {"MistralText", mistral, "[1] and [TOOL", "[1] and [TOOL", {}},
      {"MistralNoCall", mistral, "[TOOL_CALLS] are fun: {}", "[TOOL_CALLS] are fun: {}", {}},
      {"Phi", phi, "<|tool_call|>[{\"name\": \"time\", \"arguments\": {}}]<|/tool_call|>", "", {"time({})"}},
      {"DeepSeek",
       deepseek,
       "Gut.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>time\n```json\n{}\n```<"
       "｜tool▁call▁end｜>\n"
       "<｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n{\"city\": "
       "\"Köln\"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
       "Gut.",
       {"time({})", R"(weather({"city":"Köln"}))"}},
  };
  return kExamples;
}

class ToolCallParserExamples : public ::testing::TestWithParam<Example> {};

TEST_P(ToolCallParserExamples, AreReadHoweverTheyAreCut) {
  const Example& example = GetParam();
  const Parsed whole = parse_whole(example.format(), example.text);
  EXPECT_EQ(whole.content, example.content);
  EXPECT_EQ(whole.calls, example.calls);
  EXPECT_EQ(whole.content.size() + whole.hidden, example.text.size());
  for (const std::size_t size : {1U, 2U, 3U, 7U}) {
    EXPECT_EQ(parse(example.format(), example.text, [=] { return size; }), whole) << size;
  }
  for (std::size_t cut = 1; cut < example.text.size(); ++cut) {
    std::size_t next = cut;
    EXPECT_EQ(parse(example.format(), example.text, [&] { return std::exchange(next, example.text.size()); }),
              whole)
        << cut;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, ToolCallParserExamples, ::testing::ValuesIn(examples()),
                         [](const auto& parameter) { return parameter.param.name; });

bool is_subsequence(std::string_view part, std::string_view whole) {
  std::size_t found = 0;
  for (const char byte : whole) {
    found += found < part.size() && part[found] == byte ? 1U : 0U;
  }
  return found == part.size();
}

/// Takes texts apart and joins them at random, so that markers, calls and their pieces meet in any order.
std::string mutate(std::mt19937& random, const std::vector<Example>& from) {
  const auto below = [&](std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
  };
  std::string text;
  for (std::size_t parts = 1 + below(4); parts > 0; --parts) {
    const std::string& source = from[below(from.size())].text;
    const std::size_t begin = below(3) == 0 ? below(source.size()) : 0;
    const std::size_t length = below(3) == 0 ? below(source.size()) : source.size();
    text += source.substr(begin, length);
    if (below(4) == 0) {
      text.append(below(100), " \n"[below(2)]);
    }
  }
  for (std::size_t edits = below(4); edits > 0 && !text.empty(); --edits) {
    constexpr std::string_view kBytes = "{}[]\"\\,:;<>/=\n a1\xC3";
    const std::size_t at = below(text.size());
    switch (below(3)) {
      case 0:
        text[at] = kBytes[below(kBytes.size())];
        break;
      case 1:
        text.erase(at, 1 + below(5));
        break;
      default:
        text.insert(at, 1, kBytes[below(kBytes.size())]);
    }
  }
  return text;
}

TEST(ToolCallParser, RandomTextsLoseNothingAndDoNotDependOnCuts) {
  std::mt19937 random(20260405);
  const std::vector<const ToolCallFormat*> formats = {&hermes(),  &tagged(), &llama(),
                                                      &mistral(), &phi(),    &deepseek()};
  std::size_t with_calls = 0;
  for (int round = 0; round < 6000; ++round) {
    const std::string text = mutate(random, examples());
    for (const ToolCallFormat* format : formats) {
      const Parsed whole = parse_whole(*format, text);
      ASSERT_EQ(whole.content.size() + whole.hidden, text.size()) << text;
      ASSERT_TRUE(is_subsequence(whole.content, text)) << text;
      ASSERT_TRUE(!whole.calls.empty() || whole.content == text) << text;
      with_calls += whole.calls.empty() ? 0U : 1U;
      const auto cut =
          parse(*format, text, [&] { return std::uniform_int_distribution<std::size_t>(1, 9)(random); });
      ASSERT_EQ(cut, whole) << text;
    }
  }
  EXPECT_GT(with_calls, 6000U);
}

TEST(ToolCallParser, ContentIsNotHeldBackWithoutNeed) {
  ToolCallParser parser(hermes(), OfferedTools(kTools));
  EXPECT_EQ(parser.push("Hello ").content, "Hello");
  EXPECT_EQ(parser.push("world<").content, " world");
  EXPECT_EQ(parser.push("b>").content, "<b>");
  EXPECT_EQ(parser.push("<tool").content, "");
  EXPECT_EQ(parser.push("box>").content, "<toolbox>");
  ToolCallParser bare(llama(), OfferedTools(kTools));
  EXPECT_EQ(bare.push("{\"na").content, "");
  EXPECT_EQ(bare.push("tion\"").content, "{\"nation\"");
  ToolCallParser list(llama(), OfferedTools(kTools));
  EXPECT_EQ(list.push("[").content, "");
  EXPECT_EQ(list.push("1").content, "[1");
}

TEST(ToolCallParser, CallsComeAsSoonAsTheyAreComplete) {
  ToolCallParser parser(hermes(), OfferedTools(kTools));
  EXPECT_TRUE(parser.push("<tool_call>\n{\"name\": \"time\", \"arguments\": {}").calls.empty());
  EXPECT_EQ(parser.push("}").calls.size(), 1U);
  EXPECT_TRUE(parser.push("\n</tool_call>").calls.empty());
}

TEST(ToolCallParser, WhatNeverEndsIsGivenOut) {
  ToolCallParser parser(hermes(), OfferedTools(kTools));
  const std::string beginning = "<tool_call>{\"name\": \"";
  std::string content = parser.push(beginning).content;
  const std::string piece(1000, 'x');
  std::size_t most_held = 0;
  std::size_t given = beginning.size();
  for (int i = 0; i < 1000; ++i) {
    content += parser.push(piece).content;
    given += piece.size();
    most_held = std::max(most_held, given - content.size());
  }
  content += parser.flush().content;
  EXPECT_EQ(content.size(), given);
  EXPECT_LE(most_held, ToolCallParser::kMostCallBytes + 1);
  EXPECT_EQ(parser.hidden_bytes(), 0U);
}

/// Each line may begin a call that never ends; all are read again and again until the parser gives up.
TEST(ToolCallParser, GivesUpOnHostileText) {
  ToolCallParser parser(hermes(), OfferedTools(kTools));
  std::string content;
  std::size_t given = 0;
  for (int i = 0; i < 30'000; ++i) {
    const std::string line = "<tool_call>{\"name\": \"<tool_call>{\"";
    given += line.size();
    content += parser.push(line).content;
  }
  content += parser.push("<tool_call>{\"name\": \"time\"}</tool_call>").content;
  content += parser.flush().content;
  EXPECT_GE(content.size(), given);
}

}  // namespace
}  // namespace axllama::text
