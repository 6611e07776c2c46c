// Embeddings and reranking through the whole program: the bundled model, and packages compiled from it for
// embedding and for reranking.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/paths.h"
#include "tests/support/api.h"
#include "tests/support/process.h"

namespace axllama {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using testing::post;
using Vector = std::vector<double>;

constexpr const char* kModel = "axllama-tiny";

class Embeddings : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<testing::TemporaryFolder>();
    make_models(folder_->path());
    server_ = std::make_unique<testing::ServerProcess>(
        std::vector<std::string>{"--model-root", (folder_->path() / "models").string()});
  }
  static void TearDownTestSuite() {
    server_.reset();
    folder_.reset();
  }

  /// "embedder", with a pooling module and a token behind each text, and "reranker".
  static void make_models(const fs::path& folder) {
    const fs::path source = folder / "source";
    fs::copy(fs::path(AXLLAMA_SOURCE_DIR) / "models/tiny", source, fs::copy_options::recursive);
    json tokenizer = testing::read_json(source / "tokenizer.json");
    for (json& token : tokenizer["added_tokens"]) {
      if (token["content"] == "<|fim_pad|>") token["content"] = "yes";
      if (token["content"] == "<|repo_name|>") token["content"] = "no";
      if (token["content"] == "<|endoftext|>") {
        tokenizer["post_processor"] = {
            {"type", "TemplateProcessing"},
            {"single", json::array({json{{"Sequence", {{"id", "A"}, {"type_id", 0}}}},
                                    json{{"SpecialToken", {{"id", "<|endoftext|>"}, {"type_id", 0}}}}})},
            {"pair", json::array()},
            {"special_tokens",
             {{"<|endoftext|>",
               {{"id", "<|endoftext|>"}, {"ids", {token["id"]}}, {"tokens", {"<|endoftext|>"}}}}}}};
      }
    }
    std::ofstream(source / "tokenizer.json") << tokenizer;
    json tokenizer_config = testing::read_json(source / "tokenizer_config.json");
    tokenizer_config.erase("added_tokens_decoder");  // has the old names
    std::ofstream(source / "tokenizer_config.json") << tokenizer_config;
    compile(source, folder / "models/reranker", {"--rerank"});
    fs::create_directories(source / "1_Pooling");
    std::ofstream(source / "1_Pooling/config.json") << R"({"pooling_mode_mean_tokens": true})";
    std::ofstream(source / "modules.json") << R"([
        {"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}])";
    compile(source, folder / "models/embedder", {});
  }
  static void compile(const fs::path& source, const fs::path& output, std::vector<std::string> options) {
    std::vector<std::string> command{
        testing::axllama_program(), "compile", source, "-o", output, "--max_context", "512", "--no_canary"};
    command.insert(command.end(), options.begin(), options.end());
    const testing::CommandResult result = testing::run_command(command);
    ASSERT_EQ(result.status, 0) << result.err;
  }

  static std::string url() { return server_->url(""); }
  static testing::CommandResult axllama(std::vector<std::string> arguments, const std::string& input = {}) {
    arguments.insert(arguments.begin(), testing::axllama_program());
    return testing::run_command(arguments, {{"OLLAMA_HOST", server_->host()}}, input);
  }
  static std::vector<Vector> embed(json body) {
    const testing::Reply reply = post(url(), "/api/embed", body);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.json["embeddings"].get<std::vector<Vector>>();
  }

  static std::unique_ptr<testing::TemporaryFolder> folder_;
  static std::unique_ptr<testing::ServerProcess> server_;
};

std::unique_ptr<testing::TemporaryFolder> Embeddings::folder_;
std::unique_ptr<testing::ServerProcess> Embeddings::server_;

double cosine(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += a[i] * b[i];
  }
  return sum;
}

TEST_F(Embeddings, TheBundledModelEmbeds) {
  const std::vector<std::string> texts{"The capital of France is Paris.", "The capital of Italy is Rome.",
                                       "12 + 13 = 25"};
  const std::vector<Vector> together = embed({{"model", kModel}, {"input", texts}});
  ASSERT_EQ(together.size(), 3U);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(embed({{"model", kModel}, {"input", texts[i]}}).at(0), together[i]);
    EXPECT_NEAR(cosine(together[i], together[i]), 1, 1e-5);
  }
  EXPECT_GT(cosine(together[0], together[1]), cosine(together[0], together[2]));

  const json old = post(url(), "/api/embeddings", {{"model", kModel}, {"prompt", texts[0]}}).json;
  EXPECT_EQ(old["embedding"].get<Vector>(), together[0]);
  const Vector cut = embed({{"model", kModel}, {"input", texts[0]}, {"dimensions", 16}}).at(0);
  ASSERT_EQ(cut.size(), 16U);
  EXPECT_NEAR(cosine(cut, cut), 1, 1e-5);
  EXPECT_NEAR(cut[0] / cut[1], together[0][0] / together[0][1], 1e-3);
}

TEST_F(Embeddings, OpenAisRouteGivesTheSameNumbers) {
  const json body{{"model", "embedder"}, {"input", json::array({"Hello!", "Good night."})}};
  const std::vector<Vector> vectors = embed(body);
  const testing::Reply floats = post(url(), "/v1/embeddings", body);
  ASSERT_EQ(floats.status, 200) << floats.body;
  EXPECT_EQ(floats.json["data"][1]["embedding"].get<Vector>(), vectors[1]);
  json packed = body;
  packed["encoding_format"] = "base64";
  const json base64 = post(url(), "/v1/embeddings", packed).json;
  // Four numbers of 32 bits in base64: each character stands for six bits.
  EXPECT_EQ(base64["data"][0]["embedding"].get<std::string>().size(), (vectors[0].size() * 4 + 2) / 3 * 4);
  EXPECT_EQ(base64["usage"], floats.json["usage"]);
}

TEST_F(Embeddings, ManyTextsKeepTheirOrderWhileAnAnswerIsGiven) {
  std::string poem;
  std::thread answer([&] {
    const auto records = testing::post_stream(url(), "/api/generate",
                                              {{"model", kModel},
                                               {"prompt", "Hello!"},
                                               {"raw", true},
                                               {"options", {{"num_predict", 60}, {"seed", 1}}}});
    poem = records.empty() ? "" : records.back().value("done_reason", "");
  });
  std::vector<std::string> texts;
  for (int i = 0; i < 24; ++i) {
    texts.push_back(std::string(static_cast<std::size_t>(i * 7 + 1), static_cast<char>('a' + i % 3)));
  }
  const std::vector<Vector> vectors = embed({{"model", "embedder"}, {"input", texts}});
  answer.join();
  EXPECT_FALSE(poem.empty());
  ASSERT_EQ(vectors.size(), texts.size());
  for (const std::size_t i : {0U, 11U, 23U}) {
    EXPECT_EQ(embed({{"model", "embedder"}, {"input", texts[i]}}).at(0), vectors[i]) << i;
  }
}

TEST_F(Embeddings, AnEmbeddingModelDoesNothingElse) {
  const json show = post(url(), "/api/show", {{"model", "embedder"}}).json;
  EXPECT_EQ(show["capabilities"], json::array({"embedding"}));
  const testing::Reply chat =
      post(url(), "/api/chat",
           {{"model", "embedder"}, {"messages", json::array({json{{"role", "user"}, {"content", "Hi"}}})}});
  EXPECT_EQ(chat.status, 400);
  EXPECT_EQ(chat.json["error"], "\"embedder\" does not support chat");
  const testing::Reply tokens = post(url(), "/api/embed", {{"model", "embedder"}, {"input", "Hello!"}});
  const testing::Reply plain = post(url(), "/api/tokenize", {{"model", "embedder"}, {"text", "Hello!"}});
  EXPECT_EQ(tokens.json["prompt_eval_count"], plain.json["tokens"].size() + 1);  // and the one behind it
  const testing::Reply refused = post(
      url(), "/api/embed", {{"model", "embedder"}, {"input", std::string(5000, 'x')}, {"truncate", false}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.json["error"], "the input length exceeds the context length");
}

TEST_F(Embeddings, TheCommandLinePrintsTheVector) {
  const testing::CommandResult result = axllama({"run", "embedder", "--dimensions", "8", "Hello", "there!"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(json::parse(result.out).get<Vector>(),
            embed({{"model", "embedder"}, {"input", "Hello there!"}, {"dimensions", 8}}).at(0));
  EXPECT_EQ(axllama({"run", "embedder"}, "Hello there!").out,
            axllama({"run", "embedder", "Hello there!"}).out);
  const std::string endless(5000, 'x');
  EXPECT_EQ(axllama({"run", "embedder", endless}).status, 0);
  const testing::CommandResult refused = axllama({"run", "embedder", "--truncate=false", endless});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("the input length exceeds the context length"));
  const testing::CommandResult empty = axllama({"run", "embedder"});
  EXPECT_EQ(empty.status, 1);
  EXPECT_THAT(empty.err, HasSubstr("embedding models require input text"));
}

TEST_F(Embeddings, DocumentsAreRanked) {
  const json documents = json::array({"12 + 13 = 25", "The capital of France is Paris.",
                                      json{{"text", "The sky is blue and the sea is wide."}}});
  for (const std::string model : {"embedder", "reranker"}) {
    const testing::Reply reply = post(url(), "/v1/rerank",
                                      {{"model", model},
                                       {"query", "The capital of France"},
                                       {"documents", documents},
                                       {"return_documents", true}});
    ASSERT_EQ(reply.status, 200) << reply.body;
    const json& results = reply.json["results"];
    ASSERT_EQ(results.size(), 3U);
    for (std::size_t i = 1; i < 3; ++i) {
      EXPECT_GE(results[i - 1]["relevance_score"], results[i]["relevance_score"]);
    }
    const double best = results[0]["relevance_score"];
    EXPECT_GT(best, 0);
    EXPECT_LE(best, 1.0001);
    if (model == "embedder") {
      EXPECT_EQ(results[0]["index"], 1);
      EXPECT_EQ(results[0]["document"]["text"], documents[1]);
    }
    const json one =
        post(url(), "/rerank",
             {{"model", model}, {"query", "The capital of France"}, {"documents", documents}, {"top_n", 1}})
            .json;
    EXPECT_EQ(one["results"][0]["relevance_score"], best);
    EXPECT_EQ(one["results"].size(), 1U);
  }
  EXPECT_EQ(post(url(), "/api/show", {{"model", "reranker"}}).json["capabilities"], json::array({"rerank"}));
}

}  // namespace
}  // namespace axllama
