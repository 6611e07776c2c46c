#include "api/rerank/rerank_api.h"

#include <cmath>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "api/rerank/judge_prompt.h"
#include "api/testing/dialect_test.h"
#include "base/error.h"

namespace axllama::api::rerank {
namespace {

using testing::FakeRequest;
using ::testing::HasSubstr;

constexpr text::TokenId kYes = 256;
constexpr text::TokenId kNo = 257;

/// A tokenizer of bytes that also has the words by which rerankers judge.
std::string tokenizer_with_judgements() {
  model::testing::PackageFolder folder;
  folder.write_tokenizer(0);
  std::ifstream file(folder.path() / "tokenizer.json");
  Json json = Json::parse(file);
  json["model"]["vocab"]["yes"] = kYes;
  json["model"]["vocab"]["no"] = kNo;
  return json.dump();
}

class RerankApiTest : public testing::DialectTest {
 protected:
  RerankApiTest() {
    const std::string axllama = R"("axllama":{"architecture":"qwen3","context_length":480}})";
    models_.add("embedder", testing::kPlainTemplate, R"({"is_embedding":true,)" + axllama);
    models_.add("reranker", testing::kPlainTemplate, R"({"is_reranker":true,)" + axllama);
    models_.write("reranker/tokenizer.json", tokenizer_with_judgements());
    models_.write("reranker/tokenizer_config.json", "{}");
  }
  void add_routes(http::Router& router, const std::shared_ptr<chat::Core>& core) override {
    add_rerank_routes(router, core);
  }
  std::string error(const std::string& body, int status = 400, const std::string& path = "/rerank") {
    const http::testing::RawResponse response = server().post(path, body);
    EXPECT_EQ(response.status, status) << body << " -> " << response.body;
    const Json reply = Json::parse(response.body);
    return reply["error"].is_string() ? reply["error"] : reply["error"]["message"];
  }
  static std::string text_of(const std::vector<text::TokenId>& tokens) {
    std::string text;
    for (const text::TokenId token : tokens) {
      text += static_cast<char>(token);
    }
    return text;
  }
};

TEST_F(RerankApiTest, ARerankerJudgesEachDocument) {
  service_.on_submit = [](FakeRequest& request) {
    request.push_ready();
    // The longer the document the more it is to the point.
    const auto size = static_cast<float>(request.submitted->generation.prompt.size());
    request.push_readout({size / 100, 4});
  };
  const Json body{{"model", "reranker"},
                  {"query", "q"},
                  {"documents", Json::array({"one", Json{{"text", "three!!"}}, "<|im_end|>"})}};
  const Json reply = RerankApiTest::reply("/v1/rerank", body);
  EXPECT_EQ(reply["model"], "reranker");
  ASSERT_EQ(reply["results"].size(), 3U);
  EXPECT_EQ(reply["results"][0]["index"], 2);
  EXPECT_EQ(reply["results"][1]["index"], 1);
  EXPECT_EQ(reply["results"][2]["index"], 0);
  EXPECT_FALSE(reply["results"][0].contains("document"));
  const inference::GenerationRequest& last = submitted().generation;
  EXPECT_EQ(last.readout->logits_of, (std::vector<text::TokenId>{kYes, kNo}));
  EXPECT_EQ(
      text_of(last.prompt),
      "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the "
      "Instruct provided. Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n"
      "<|im_start|>user\n<Instruct>: Given a web search query, retrieve relevant passages that answer "
      "the query\n<Query>: q\n<Document>: <|im_end|><|im_end|>\n<|im_start|>assistant\n<think>\n\n"
      "</think>\n\n");
  EXPECT_EQ(text_of(last.prompt).substr(last.pinned_prompt_tokens).substr(0, 12), " <|im_end|><");
  const auto tokens = static_cast<double>(last.prompt.size());
  EXPECT_NEAR(reply["results"][0]["relevance_score"], 1 / (1 + std::exp(4 - tokens / 100)), 1e-6);
  EXPECT_EQ(reply["usage"]["total_tokens"], 3 * last.prompt.size() - 7 - 3);
}

TEST_F(RerankApiTest, AnEmbeddingModelComparesVectors) {
  service_.on_submit = [](FakeRequest& request) {
    const bool like = request.submitted->generation.prompt.front() == 'q';
    request.push_readout(like ? std::vector<float>{2, 0} : std::vector<float>{3, 4});
  };
  const Json body{{"model", "embedder"},
                  {"query", "query"},
                  {"documents", Json::array({"other", "quite"})},
                  {"top_n", 5},
                  {"return_documents", true}};
  const Json reply = RerankApiTest::reply("/rerank", body);
  ASSERT_EQ(reply["results"].size(), 2U);
  EXPECT_EQ(reply["results"][0]["index"], 1);
  EXPECT_NEAR(reply["results"][0]["relevance_score"], 1, 1e-6);
  EXPECT_EQ(reply["results"][0]["document"]["text"], "quite");
  EXPECT_NEAR(reply["results"][1]["relevance_score"], 0.6, 1e-6);
  EXPECT_EQ(reply["usage"]["total_tokens"], 15);
  Json first = body;
  first["top_n"] = 1;
  EXPECT_EQ(RerankApiTest::reply("/rerank", first)["results"].size(), 1U);
}

TEST_F(RerankApiTest, RefusesBadRequests) {
  EXPECT_EQ(error(R"({"query":"x","documents":["x"]})"), "model is required");
  EXPECT_EQ(error(R"({"model":"plain","documents":["x"]})"), "query is required");
  EXPECT_EQ(error(R"({"model":"embedder","query":"x"})"), "documents are required");
  EXPECT_EQ(error(R"({"model":"embedder","query":"x","documents":[]})"), "documents are required");
  EXPECT_EQ(error(R"({"model":"embedder","query":"x","documents":[{"title":"x"}]})"),
            "the field \"documents[0].text\" is missing");
  EXPECT_THAT(error(R"({"model":"embedder","query":"x","documents":[5]})"), HasSubstr("documents[0]"));
  EXPECT_EQ(error(R"({"model":"embedder","query":"x","documents":["x"],"top_n":0})"),
            "top_n must be at least 1, not 0");
  EXPECT_EQ(error(R"({"model":"plain","query":"x","documents":["x"]})"),
            "\"plain\" does not support rerank; use a reranker or an embedding model");
  EXPECT_EQ(error(R"({"model":"nope","query":"x","documents":["x"]})", 404, "/v1/rerank"),
            "model 'nope' not found");
  EXPECT_THAT(error(R"({"model":"reranker","documents":["x"],"query":")" + std::string(300, 'q') + "\"}"),
              HasSubstr("the query is too long"));
}

TEST(JudgePrompts, CutTheDocument) {
  const model::testing::PackageFolder folder;
  folder.write_tokenizer();
  const auto tokenizer = text::Tokenizer::load(folder.path());
  const JudgePrompts prompts(*tokenizer, "Find.", "q", 400);
  const std::size_t room = 400 - prompts.prompt("").size();
  EXPECT_EQ(prompts.prompt(std::string(room - 1, 'x')).size(), 399U);
  EXPECT_EQ(prompts.prompt(std::string(room, 'x')).size(), 400U);
  EXPECT_EQ(prompts.prompt(std::string(room + 1, 'x')), prompts.prompt(std::string(room, 'x')));
  EXPECT_EQ(prompts.prompt(std::string(1000000, 'x')), prompts.prompt(std::string(room, 'x')));
}

TEST(JudgePrompts, TheProbabilityIsThatOfTwoWords) {
  EXPECT_EQ(probability_of_yes(3, 3), 0.5);
  EXPECT_NEAR(probability_of_yes(1, 0), std::exp(1.0) / (std::exp(1.0) + 1), 1e-12);
  EXPECT_EQ(probability_of_yes(500, -500), 1);
  EXPECT_EQ(probability_of_yes(-500, 500), 0);
}

}  // namespace
}  // namespace axllama::api::rerank
