#include <functional>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "api/ollama/keep_alive.h"
#include "api/ollama/model_names.h"
#include "api/ollama/options.h"
#include "base/error.h"

namespace axllama::api::ollama {
namespace {

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
    return error.message();
  }
  return "no error";
}

TEST(ModelNamesTest, ShortestFormWithATag) {
  for (const auto& [asked, expected] : std::vector<std::pair<std::string, std::string>>{
           {"tiny", "tiny:latest"},
           {" tiny:0.5b ", "tiny:0.5b"},
           {"library/tiny", "tiny:latest"},
           {"registry.ollama.ai/library/tiny:x", "tiny:x"},
           {"me/tiny", "me/tiny:latest"},
           {"hf.co/Owner/Repo-GGUF:Q4_K_M", "hf.co/Owner/Repo-GGUF:Q4_K_M"},
           {"localhost:5000/library/tiny", "localhost:5000/library/tiny:latest"},
           {"https://registry.ollama.ai/library/tiny", "tiny:latest"},
           {"tiny:local", "tiny:latest"},
           {"tiny:x:local", "tiny:x"},
           {"tiny:20b-cloud", "tiny:20b-cloud"},
           {"tiny:cloud", "tiny:cloud"}}) {
    EXPECT_EQ(short_model_name(asked), expected) << asked;
  }
}

TEST(ModelNamesTest, RefusesWhatIsNoName) {
  for (const char* asked : {"", " ", ":", "a b", "-a", "a:", ":a", "a:b:c", "a/b/c/d", "//a", "a/", "../a",
                            "a\nb", "n.s/a", "ä", "a@sha256:0"}) {
    EXPECT_EQ(error_of([&] { short_model_name(asked); }), "invalid model name") << asked;
  }
  EXPECT_EQ(error_of([&] { short_model_name(std::string(81, 'a')); }), "invalid model name");
  EXPECT_EQ(error_of([&] { short_model_name("x:cloud:local"); }),
            "use either :local or :cloud, not both: \"x:cloud:local\"");
  EXPECT_EQ(error_of([&] { short_model_name("x:local:cloud"); }),
            "use either :local or :cloud, not both: \"x:local:cloud\"");
}

TEST(ModelNamesTest, FullForm) {
  EXPECT_EQ(full_model_name("tiny:latest"), "registry.ollama.ai/library/tiny:latest");
  EXPECT_EQ(full_model_name("me/tiny:x"), "registry.ollama.ai/me/tiny:x");
  EXPECT_EQ(full_model_name("hf.co/a/b:x"), "hf.co/a/b:x");
}

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
    EXPECT_EQ(error_of([&] { parse_keep_alive_field(&value); }), message);
  }
}

TEST(OptionsTest, DefaultsAreOllamasThenTheModels) {
  const Options plain = parse_options(nullptr, {});
  EXPECT_EQ(plain.sampling.temperature, 0.8);
  EXPECT_EQ(plain.sampling.top_k, 40);
  EXPECT_EQ(plain.num_predict, -1);
  EXPECT_EQ(plain.num_keep, 4);
  EXPECT_FALSE(plain.num_ctx);
  model::SamplingDefaults defaults;
  defaults.temperature = 0.6;
  defaults.top_k = 20;
  const Json given = Json::parse(R"({"top_k": 7})");
  const Options merged = parse_options(&given, defaults);
  EXPECT_EQ(merged.sampling.temperature, 0.6);
  EXPECT_EQ(merged.sampling.top_k, 7);
}

TEST(OptionsTest, ReadsEveryOption) {
  const Json given = Json::parse(R"({"temperature":0,"top_k":3.9,"top_p":0.5,"min_p":0.1,"typical_p":0.9,
      "repeat_last_n":-1,"repeat_penalty":1.2,"presence_penalty":0.3,"frequency_penalty":-0.4,"seed":42,
      "num_predict":-2,"num_ctx":1,"num_keep":8,"stop":["a","b"],
      "num_gpu":"wrong type but ignored","mirostat":1,"unknown":[],"num_thread":null})");
  const Options options = parse_options(&given, {});
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
  EXPECT_EQ(options.num_ctx, 4);
  EXPECT_EQ(options.num_keep, 8);
  EXPECT_EQ(options.stop, (std::vector<std::string>{"a", "b"}));
}

TEST(OptionsTest, NegativeSeedsAreRandomAndHugeNumbersClamped) {
  const Json given = Json::parse(R"({"seed":-1,"num_predict":1e30,"top_k":-99999999999999})");
  const Options options = parse_options(&given, {});
  EXPECT_FALSE(options.sampling.seed);
  EXPECT_EQ(options.num_predict, std::numeric_limits<int>::max());
  EXPECT_EQ(options.sampling.top_k, std::numeric_limits<int>::min());
}

TEST(OptionsTest, NamesTheTypeWanted) {
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {R"({"top_k":"x"})", "option \"top_k\" must be of type integer"},
           {R"({"seed":true})", "option \"seed\" must be of type integer"},
           {R"({"temperature":"hot"})", "option \"temperature\" must be of type float32"},
           {R"({"stop":"x"})", "option \"stop\" must be of type array"},
           {R"({"stop":[1]})", "option \"stop\" must be of an array of strings"}}) {
    const Json given = Json::parse(text);
    EXPECT_EQ(error_of([&] { parse_options(&given, {}); }), message);
  }
  const Json large{{"stop", Json::array({std::string(70'000, 's')})}};
  EXPECT_EQ(error_of([&] { parse_options(&large, {}); }),
            "option \"stop\" holds 70000 bytes; the most is 65536");
}

}  // namespace
}  // namespace axllama::api::ollama
