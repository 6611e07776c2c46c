// The routes of embeddings, in both dialects that have them.

#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "api/embedding/embed.h"
#include "api/embedding/evaluations.h"
#include "api/ollama/ollama_api.h"
#include "api/openai/openai_api.h"
#include "api/testing/dialect_test.h"
#include "base/error.h"

namespace axllama::api::embedding {
namespace {

using base::Error;
using base::ErrorCode;
using testing::FakeRequest;
using ::testing::HasSubstr;

constexpr const char* kEmbedder = R"({"is_embedding":true,
    "axllama":{"architecture":"qwen3","weight_type":"s8","context_length":64}})";

class EmbeddingApiTest : public testing::DialectTest {
 protected:
  EmbeddingApiTest() {
    models_.add("embedder", testing::kPlainTemplate, kEmbedder);
    // A vector that tells the text: its length in tokens, and its first token.
    service_.on_submit = [this](FakeRequest& request) {
      request.push_ready();
      const auto& prompt = request.submitted->generation.prompt;
      {
        const std::lock_guard lock(mutex_);
        prompts_.push_back(prompt);
      }
      request.push_readout({static_cast<float>(prompt.size()), static_cast<float>(prompt.front()), 0});
    };
  }

  void add_routes(http::Router& router, const std::shared_ptr<chat::Core>& core) override {
    ollama::add_ollama_routes(router, {core});
    openai::add_openai_routes(router, core);
  }

  std::string error(const std::string& path, const std::string& body, int status) {
    const http::testing::RawResponse response = server().post(path, body);
    EXPECT_EQ(response.status, status) << body << " -> " << response.body;
    const Json reply = Json::parse(response.body);
    return reply["error"].is_string() ? reply["error"] : reply["error"]["message"];
  }
  static Vector vector_of(const Json& json) { return json.get<Vector>(); }
  static Vector expected(float tokens, float first, std::size_t dimensions = 0) {
    Vector vector{tokens, first, 0};
    shorten(vector, dimensions);
    return vector;
  }

  std::mutex mutex_;
  std::vector<std::vector<text::TokenId>> prompts_;
};

TEST_F(EmbeddingApiTest, EmbedsOneTextOrSeveralInTheirOrder) {
  const Json one = reply("/api/embed", {{"model", "plain"}, {"input", "abc"}});
  EXPECT_EQ(one["model"], "plain");
  ASSERT_EQ(one["embeddings"].size(), 1U);
  EXPECT_EQ(vector_of(one["embeddings"][0]), expected(3, 'a'));
  EXPECT_EQ(one["prompt_eval_count"], 3);
  EXPECT_GT(one["total_duration"], 0);
  EXPECT_GT(one["load_duration"], 0);
  EXPECT_TRUE(submitted().generation.readout);
  EXPECT_TRUE(submitted().generation.readout->logits_of.empty());

  Json texts = Json::array();
  for (int i = 1; i <= 50; ++i) {
    texts.push_back(std::string(static_cast<std::size_t>(i), static_cast<char>('0' + i)));
  }
  const Json many = reply("/api/embed", {{"model", "embedder:latest"}, {"input", texts}});
  EXPECT_EQ(many["model"], "embedder:latest");
  ASSERT_EQ(many["embeddings"].size(), 50U);
  for (int i = 1; i <= 50; ++i) {
    EXPECT_EQ(vector_of(many["embeddings"][static_cast<std::size_t>(i - 1)]),
              expected(static_cast<float>(i), static_cast<float>('0' + i)));
  }
  EXPECT_EQ(many["prompt_eval_count"], 50 * 51 / 2);
}

TEST_F(EmbeddingApiTest, NoMoreThanAFewTextsAreWithTheSchedulerAtOnce) {
  constexpr std::size_t kTexts = 20;
  std::vector<FakeRequest*> submitted;  // kept alive by the service
  service_.on_submit = [&](FakeRequest& request) {
    const std::lock_guard lock(mutex_);
    submitted.push_back(&request);
  };
  const auto count = [&] {
    const std::lock_guard lock(mutex_);
    return submitted.size();
  };
  Json body{{"model", "plain"}, {"input", Json::array()}};
  for (std::size_t i = 0; i < kTexts; ++i) {
    body["input"].push_back(std::string(i + 1, 'x'));
  }
  Json answer;
  std::thread client([&] { answer = reply("/api/embed", body); });
  for (std::size_t answered = 0; answered < kTexts; ++answered) {
    const std::size_t expected = std::min(answered + kTextsAtOnce, kTexts);
    EXPECT_TRUE(testing::eventually([&] { return count() >= expected; }));
    EXPECT_EQ(count(), expected);
    const std::lock_guard lock(mutex_);
    submitted[answered]->push_readout({1, static_cast<float>(answered)});
  }
  client.join();
  ASSERT_EQ(answer["embeddings"].size(), kTexts);
  for (std::size_t i = 0; i < kTexts; ++i) {
    Vector expected{1, static_cast<float>(i)};
    normalise(expected);
    EXPECT_EQ(vector_of(answer["embeddings"][i]), expected);
  }
}

TEST_F(EmbeddingApiTest, AnEmptyInputLoadsTheModel) {
  for (const char* input : {R"("")", "[]", "null"}) {
    const auto response = server().post(
        "/api/embed", R"({"model":"plain","input":)" + std::string(input) + R"(,"keep_alive":"10m"})");
    EXPECT_EQ(response.body, R"({"model":"plain","embeddings":[]})") << input;
  }
  EXPECT_EQ(service_.loads().size(), 3U);
  EXPECT_EQ(service_.loads()[0].second->duration, std::chrono::minutes(10));
  EXPECT_EQ(server().post("/api/embeddings", R"({"model":"plain"})").body, R"({"embedding":[]})");
  EXPECT_EQ(service_.loads().size(), 4U);
  EXPECT_EQ(server().post("/api/embed", R"({"model":"plain","keep_alive":0})").status, 200);
  EXPECT_EQ(server().post("/api/embeddings", R"({"model":"plain","keep_alive":0})").status, 200);
  EXPECT_EQ(service_.unloads().size(), 2U);
  EXPECT_TRUE(prompts_.empty());
}

TEST_F(EmbeddingApiTest, DimensionsCutAndNormaliseAgain) {
  const auto embed = [&](int dimensions) {
    return vector_of(reply(
        "/api/embed", {{"model", "plain"}, {"input", "abc"}, {"dimensions", dimensions}})["embeddings"][0]);
  };
  EXPECT_EQ(embed(1), (Vector{1}));
  EXPECT_EQ(embed(2), expected(3, 'a', 2));
  EXPECT_EQ(embed(3), expected(3, 'a'));
  EXPECT_EQ(embed(1000), expected(3, 'a'));
  EXPECT_EQ(embed(0), expected(3, 'a'));
  EXPECT_EQ(embed(-1), expected(3, 'a'));
}

TEST_F(EmbeddingApiTest, LongTextsAreCutOrRefused) {
  const std::string text(100, 'x');
  EXPECT_EQ(reply("/api/embed", {{"model", "embedder"}, {"input", text}})["prompt_eval_count"], 64);
  EXPECT_EQ(reply("/api/embed", {{"model", "embedder"},
                                 {"input", std::string(64, 'x')},
                                 {"truncate", false}})["prompt_eval_count"],
            64);
  EXPECT_EQ(
      reply("/api/embed",
            {{"model", "embedder"}, {"input", text}, {"options", {{"num_ctx", 10}}}})["prompt_eval_count"],
      10);
  EXPECT_EQ(error("/api/embed", R"({"model":"embedder","truncate":false,"input":")" + text + "\"}", 400),
            "the input length exceeds the context length");
  // So long that it is not even tokenized.
  const std::string endless(std::size_t{2} << 20U, 'x');
  EXPECT_EQ(reply("/api/embed", {{"model", "embedder"}, {"input", endless}})["prompt_eval_count"], 64);
  EXPECT_EQ(error("/api/embed", R"({"model":"embedder","truncate":false,"input":")" + endless + "\"}", 400),
            "the input length exceeds the context length");
}

TEST_F(EmbeddingApiTest, SpecialTokensStandAroundEachText) {
  const std::shared_ptr<const model::Package> package = library_.open(library_.find("plain:latest"));
  // This tokenizer has none; one that has them keeps them when a text is cut.
  EXPECT_EQ(fit_tokens(package->tokenizer(), {1, 2, 3}, 2, true), (std::vector<text::TokenId>{1, 2}));
  model::testing::PackageFolder folder;
  folder.write_tokenizer();
  std::ifstream file(folder.path() / "tokenizer.json");
  Json json = Json::parse(file);
  json["post_processor"] = Json::parse(R"({"type":"TemplateProcessing",
      "single":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"<|special_1|>","type_id":0}}],
      "pair":[],"special_tokens":{"<|special_1|>":{"id":"<|special_1|>","ids":[257],"tokens":["<|special_1|>"]}}})");
  folder.write("tokenizer.json", json.dump());
  const auto ending = text::Tokenizer::load(folder.path());
  using Tokens = std::vector<text::TokenId>;
  EXPECT_EQ(fit_tokens(*ending, {1, 2, 3}, 4, false), (Tokens{1, 2, 3, 257}));
  EXPECT_EQ(fit_tokens(*ending, {1, 2, 3}, 3, true), (Tokens{1, 2, 257}));
  EXPECT_EQ(fit_tokens(*ending, {}, 3, true), (Tokens{257}));
  EXPECT_THROW(fit_tokens(*ending, {1, 2, 3}, 3, false), Error);
  try {
    fit_tokens(*ending, {1, 2, 3}, 1, true);
    FAIL() << "nothing of the text was left";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "input after truncation exceeds maximum context length");
  }
}

TEST_F(EmbeddingApiTest, RefusesBadRequestsInOllamasWords) {
  EXPECT_EQ(error("/api/embed", R"({"input":"x"})", 404), "model '' not found");
  EXPECT_EQ(error("/api/embed", R"({"model":"a b","input":"x"})", 400), "invalid model name");
  EXPECT_EQ(error("/api/embed", R"({"model":"nope","input":"x"})", 404),
            "model \"nope\" not found, try pulling it first");
  EXPECT_EQ(error("/api/embed", R"({"model":"plain","input":5})", 400), "invalid input type");
  EXPECT_EQ(error("/api/embed", R"({"model":"plain","input":["x",5]})", 400), "invalid input type");
  EXPECT_EQ(error("/api/embed", R"({"model":"plain","input":[[1,2]]})", 400), "invalid input type");
  EXPECT_THAT(error("/api/embed", R"({"model":"plain","input":["x",""]})", 400), HasSubstr("is empty"));
  EXPECT_THAT(error("/api/embed", R"({"model":"plain","input":"x","truncate":1})", 400),
              HasSubstr("truncate"));
  Json many{{"model", "plain"}, {"input", Json::array()}};
  for (std::size_t i = 0; i <= kMostTexts; ++i) {
    many["input"].push_back("x");
  }
  EXPECT_THAT(error("/api/embed", to_json(many), 400), HasSubstr("2049 texts; at most 2048"));

  EXPECT_EQ(error("/api/embeddings", R"({"prompt":"x"})", 400), "model is required");
  EXPECT_EQ(error("/api/embeddings", R"({"model":"a b","prompt":"x"})", 400), "invalid model name");
  EXPECT_EQ(error("/api/embeddings", R"({"model":"nope","prompt":"x"})", 404),
            "model \"nope\" not found, try pulling it first");
}

TEST_F(EmbeddingApiTest, WhatIsNoNumberIsNotSent) {
  service_.on_submit = [](FakeRequest& request) { request.push_readout({1, NAN}); };
  EXPECT_EQ(error("/api/embed", R"({"model":"plain","input":"x"})", 400),
            "embedding contains NaN or Inf values");
  EXPECT_EQ(error("/api/embeddings", R"({"model":"plain","prompt":"x"})", 500),
            "embedding contains NaN or Inf values");
}

TEST_F(EmbeddingApiTest, ErrorsOfTheCardComeThrough) {
  service_.on_submit = [](FakeRequest& request) { request.push(Error(ErrorCode::kUnavailable, "No card.")); };
  EXPECT_EQ(error("/api/embed", R"({"model":"plain","input":["x","y"]})", 503), "No card.");
  EXPECT_EQ(error("/api/embeddings", R"({"model":"plain","prompt":"x"})", 503), "No card.");
  EXPECT_EQ(error("/v1/embeddings", R"({"model":"plain","input":"x"})", 503), "No card.");
}

TEST_F(EmbeddingApiTest, TheOldRouteHasOneVector) {
  const Json reply = EmbeddingApiTest::reply("/api/embeddings", {{"model", "plain"}, {"prompt", "abc"}});
  EXPECT_EQ(reply.size(), 1U);
  EXPECT_EQ(vector_of(reply["embedding"]), expected(3, 'a'));
}

TEST_F(EmbeddingApiTest, LeavingEndsAllTexts) {
  service_.on_submit = {};
  {
    http::testing::RawClient client(server().port());
    const std::string body = R"({"model":"plain","input":["a","b","c"]})";
    client.send("POST /api/embed HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    ASSERT_TRUE(testing::eventually([&] { return service_.request_count() == 3; }));
  }
  const auto last = service_.last_request();
  EXPECT_TRUE(testing::eventually([&] { return last->dropped(); }));
}

// ---- OpenAI

TEST_F(EmbeddingApiTest, OpenAisFormInFloatsAndBase64) {
  Json body{{"model", "plain"}, {"input", Json::array({"abc", "z"})}};
  const Json reply = EmbeddingApiTest::reply("/v1/embeddings", body);
  EXPECT_EQ(reply["object"], "list");
  EXPECT_EQ(reply["model"], "plain");
  ASSERT_EQ(reply["data"].size(), 2U);
  EXPECT_EQ(reply["data"][0]["object"], "embedding");
  EXPECT_EQ(reply["data"][0]["index"], 0);
  EXPECT_EQ(reply["data"][1]["index"], 1);
  EXPECT_EQ(vector_of(reply["data"][0]["embedding"]), expected(3, 'a'));
  EXPECT_EQ(vector_of(reply["data"][1]["embedding"]), expected(1, 'z'));
  EXPECT_EQ(to_json(reply["usage"]), R"({"prompt_tokens":4,"total_tokens":4})");

  body["encoding_format"] = "base64";
  const Json packed = EmbeddingApiTest::reply("/v1/embeddings", body);
  EXPECT_EQ(packed["data"][0]["embedding"], to_base64(expected(3, 'a')));
  body["dimensions"] = 2;
  EXPECT_EQ(EmbeddingApiTest::reply("/v1/embeddings", body)["data"][1]["embedding"],
            to_base64(expected(1, 'z', 2)));
}

TEST_F(EmbeddingApiTest, OpenAisTokenListsAreTheModelsOwnTokens) {
  Json body{{"model", "plain"}, {"input", Json::array({97, 98, 99})}};
  EXPECT_EQ(vector_of(reply("/v1/embeddings", body)["data"][0]["embedding"]), expected(3, 'a'));
  body["input"] = Json::parse("[[97,98],[122]]");
  const Json two = reply("/v1/embeddings", body);
  EXPECT_EQ(vector_of(two["data"][0]["embedding"]), expected(2, 'a'));
  EXPECT_EQ(vector_of(two["data"][1]["embedding"]), expected(1, 'z'));
  EXPECT_THAT(error("/v1/embeddings", R"({"model":"plain","input":[99999]})", 400),
              HasSubstr("it belongs to another model"));
  EXPECT_EQ(error("/v1/embeddings", R"({"model":"plain","input":[[1],"x"]})", 400), "invalid input type");
}

TEST_F(EmbeddingApiTest, OpenAisErrors) {
  EXPECT_EQ(error("/v1/embeddings", R"({"model":"plain"})", 400), "invalid input");
  EXPECT_EQ(error("/v1/embeddings", R"({"model":"plain","input":[]})", 400), "invalid input");
  EXPECT_EQ(error("/v1/embeddings", R"({"model":"plain","input":{"a":1}})", 400), "invalid input type");
  EXPECT_EQ(error("/v1/embeddings", R"({"model":"plain","input":"x","encoding_format":"hex"})", 400),
            "Invalid value for 'encoding_format' = hex. Supported values: ['float', 'base64'].");
  EXPECT_EQ(error("/v1/embeddings", R"({"model":"nope","input":"x"})", 404),
            "model \"nope\" not found, try pulling it first");
  const Json empty = reply("/v1/embeddings", {{"model", "plain"}, {"input", ""}});
  EXPECT_EQ(to_json(empty["data"]), "[]");
}

// ---- Models that only embed

TEST_F(EmbeddingApiTest, AnEmbeddingModelSaysSoAndDoesNotAnswer) {
  const Json show = reply("/api/show", {{"model", "embedder"}});
  EXPECT_EQ(to_json(show["capabilities"]), R"(["embedding"])");
  const Json tags = json_of(server().call("GET", "/api/tags"));
  for (const Json& model : tags["models"]) {
    if (model["name"] == "embedder:latest") {
      EXPECT_EQ(to_json(model["capabilities"]), R"(["embedding"])");
    }
  }
  const std::string messages = R"("messages":[{"role":"user","content":"x"}]})";
  EXPECT_EQ(error("/api/chat", R"({"model":"embedder",)" + messages, 400),
            "\"embedder\" does not support chat");
  EXPECT_EQ(error("/api/generate", R"({"model":"embedder","prompt":"x"})", 400),
            "\"embedder\" does not support generate");
  EXPECT_EQ(error("/v1/chat/completions", R"({"model":"embedder",)" + messages, 400),
            "\"embedder\" does not support chat");
  EXPECT_EQ(error("/v1/completions", R"({"model":"embedder","prompt":"x"})", 400),
            "\"embedder\" does not support generate");
  EXPECT_EQ(error("/v1/responses", R"({"model":"embedder","input":"x"})", 400),
            "\"embedder\" does not support chat");
  EXPECT_EQ(server().post("/api/generate", R"({"model":"embedder","keep_alive":0})").status, 200);  // unloads
}

}  // namespace
}  // namespace axllama::api::embedding
