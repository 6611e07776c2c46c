#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "api/chat/options_object.h"
#include "api/ollama/keep_alive.h"
#include "base/testing/error_of.h"

namespace axllama::api::ollama {
namespace {

using base::testing::refusal_of;

TEST(KeepAliveTest, TakesEveryForm) {
  using std::chrono::nanoseconds;
  const nanoseconds forever = serving::KeepAlive::kForever;
  for (const auto& [text, expected] :
       std::vector<std::pair<std::string, nanoseconds>>{{"0", nanoseconds(0)},
                                                        {"300", nanoseconds(300'000'000'000)},
                                                        {"1.5", nanoseconds(1'500'000'000)},
                                                        {"-1", forever},
                                                        {"-0.5", forever},
                                                        {"1e300", forever},
                                                        {"\"5m\"", nanoseconds(300'000'000'000)},
                                                        {"\"0\"", nanoseconds(0)},
                                                        {"\"-1s\"", forever},
                                                        {"\"-1\"", forever},
                                                        {"\"300\"", nanoseconds(300'000'000'000)},
                                                        {"\"2h45m\"", nanoseconds(9'900'000'000'000)}}) {
    const Json value = Json::parse(text);
    EXPECT_EQ(parse_keep_alive_field(&value)->duration, expected) << text;
  }
  EXPECT_FALSE(parse_keep_alive_field(nullptr));
  const Json null;
  EXPECT_FALSE(parse_keep_alive_field(&null));
}

TEST(KeepAliveTest, RefusesTheRest) {
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"true", "Unsupported type: 'bool'"},
           {"[]", "Unsupported type: '[]interface {}'"},
           {"{}", "Unsupported type: 'map[string]interface {}'"},
           {"\"5 minutes\"", "time: unknown unit \" minutes\" in duration \"5 minutes\""},
           {"\"\"", "time: invalid duration \"\""}}) {
    const Json value = Json::parse(text);
    EXPECT_EQ(refusal_of([&] { parse_keep_alive_field(&value); }), message);
  }
}

chat::GenerationOptions parse_options(const Json& given, const model::SamplingDefaults& defaults) {
  chat::GenerationOptions options = chat::default_options(defaults);
  chat::set_options(options, given);
  return options;
}

TEST(OptionsTest, DefaultsAreOllamasThenTheModels) {
  const chat::GenerationOptions plain = parse_options(Json::object(), {});
  EXPECT_EQ(plain.sampling.temperature, 0.8);
  EXPECT_EQ(plain.sampling.top_k, 40);
  EXPECT_EQ(plain.num_predict, -1);
  EXPECT_EQ(plain.num_keep, 4);
  EXPECT_FALSE(plain.num_ctx);
  model::SamplingDefaults defaults;
  defaults.temperature = 0.6;
  defaults.top_k = 20;
  const Json given = Json::parse(R"({"top_k": 7})");
  const chat::GenerationOptions merged = parse_options(given, defaults);
  EXPECT_EQ(merged.sampling.temperature, 0.6);
  EXPECT_EQ(merged.sampling.top_k, 7);
}

TEST(OptionsTest, ReadsEveryOption) {
  const Json given = Json::parse(R"({"temperature":0,"top_k":3.9,"top_p":0.5,"min_p":0.1,"typical_p":0.9,
      "repeat_last_n":-1,"repeat_penalty":1.2,"presence_penalty":0.3,"frequency_penalty":-0.4,"seed":42,
      "num_predict":-2,"num_ctx":1,"num_keep":8,"stop":["a","b"],"repetition_guard":false,
      "num_gpu":"wrong type but ignored","mirostat":1,"unknown":[],"num_thread":null})");
  const chat::GenerationOptions options = parse_options(given, {});
  EXPECT_EQ(options.sampling.temperature, 0);
  EXPECT_EQ(options.sampling.top_k, 3);
  EXPECT_EQ(options.sampling.top_p, 0.5);
  EXPECT_EQ(options.sampling.min_p, 0.1);
  EXPECT_EQ(options.sampling.typical_p, 0.9);
  EXPECT_EQ(options.sampling.repeat_last_n, -1);
  EXPECT_EQ(options.sampling.repeat_penalty, 1.2);
  EXPECT_EQ(options.sampling.presence_penalty, 0.3);
  EXPECT_EQ(options.sampling.frequency_penalty, -0.4);
  EXPECT_EQ(options.sampling.seed, 42U);
  EXPECT_EQ(options.num_predict, -1);
  EXPECT_FALSE(options.sampling.repetition_guard);
  EXPECT_EQ(options.num_ctx, 4);
  EXPECT_EQ(options.num_keep, 8);
  EXPECT_EQ(options.stop, (std::vector<std::string>{"a", "b"}));
}

TEST(OptionsTest, NegativeSeedsAreRandomAndHugeNumbersClamped) {
  const Json given = Json::parse(R"({"seed":-1,"num_predict":1e30,"top_k":-99999999999999})");
  const chat::GenerationOptions options = parse_options(given, {});
  EXPECT_FALSE(options.sampling.seed);
  EXPECT_EQ(options.num_predict, std::numeric_limits<int>::max());
  EXPECT_EQ(options.sampling.top_k, std::numeric_limits<int>::min());
}

TEST(OptionsTest, ADraftHasItsBounds) {
  const auto tokens = [](const char* text) { return parse_options(Json::parse(text), {}).draft_num_predict; };
  EXPECT_EQ(tokens("{}"), inference::kDefaultDraft);
  EXPECT_EQ(tokens(R"({"draft_num_predict":0})"), 0U);
  EXPECT_EQ(tokens(R"({"draft_num_predict":5})"), 5U);
  EXPECT_EQ(tokens(R"({"draft_num_predict":-1})"), 0U);
  EXPECT_EQ(tokens(R"({"draft_num_predict":1000000})"), inference::kLongestDraft);
}

TEST(OptionsTest, NamesTheTypeWanted) {
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {R"({"top_k":"x"})", "option \"top_k\" must be of type integer"},
           {R"({"draft_num_predict":"4"})", "option \"draft_num_predict\" must be of type integer"},
           {R"({"seed":true})", "option \"seed\" must be of type integer"},
           {R"({"temperature":"hot"})", "option \"temperature\" must be of type float32"},
           {R"({"stop":"x"})", "option \"stop\" must be of type array"},
           {R"({"stop":[1]})", "option \"stop\" must be of an array of strings"}}) {
    const Json given = Json::parse(text);
    EXPECT_EQ(refusal_of([&] { parse_options(given, {}); }), message);
  }
  const Json large{{"stop", Json::array({std::string(70'000, 's')})}};
  EXPECT_EQ(refusal_of([&] { parse_options(large, {}); }),
            "option \"stop\" holds 70000 bytes; the most is 65536");
}

}  // namespace
}  // namespace axllama::api::ollama
