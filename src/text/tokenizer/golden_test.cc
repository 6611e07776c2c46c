#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/paths.h"
#include "text/tokenizer/streaming_detokenizer.h"
#include "text/tokenizer/testing/test_support.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::text {
namespace {

using nlohmann::json;
using Ids = std::vector<TokenId>;

std::filesystem::path tokenizer_file(const std::string& name) {
  if (name != "bundled") return golden_folder() / (name + ".json");
  return std::filesystem::path(AXLLAMA_SOURCE_DIR) / "models" / "tiny" / "tokenizer.json";
}

std::vector<json> read_vectors(const std::string& name) {
  std::ifstream in(golden_folder() / (name + ".jsonl"));
  std::vector<json> vectors;
  for (std::string line; std::getline(in, line);) vectors.push_back(json::parse(line));
  return vectors;
}

/// Vectors made with the `tokenizers` library by tests/golden/tokenizer/make_golden.py.
class TokenizerGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(TokenizerGolden, MatchesTheReferenceImplementation) {
  const auto tokenizer = Tokenizer::load_file(tokenizer_file(GetParam()));
  const std::vector<json> vectors = read_vectors(GetParam());
  ASSERT_GE(vectors.size(), 500U);
  for (const json& vector : vectors) {
    if (vector.contains("framed")) {
      const Ids ids = tokenizer->encode(vector.at("text").get<std::string>());
      EXPECT_EQ(tokenizer->add_special_tokens(ids), vector.at("framed").get<Ids>()) << vector;
    } else if (vector.contains("text")) {
      const auto text = vector.at("text").get<std::string>();
      EXPECT_EQ(tokenizer->encode(text, !vector.value("plain", false)), vector.at("ids").get<Ids>())
          << vector;
    } else {
      const Ids ids = vector.at("ids").get<Ids>();
      EXPECT_EQ(tokenizer->decode(ids, false), vector.at("all").get<std::string>()) << vector;
      EXPECT_EQ(tokenizer->decode(ids, true), vector.at("visible").get<std::string>()) << vector;
    }
  }
}

TEST_P(TokenizerGolden, StreamsTheSameTextAsDecoding) {
  const auto tokenizer = Tokenizer::load_file(tokenizer_file(GetParam()));
  const bool byte_fallback = tokenizer->token_id("<0x41>").has_value();
  for (const json& vector : read_vectors(GetParam())) {
    if (!vector.contains("ids")) continue;
    const Ids ids = vector.at("ids").get<Ids>();
    for (const bool skip_special : {false, true}) {
      StreamingDetokenizer stream(tokenizer, skip_special);
      std::string text;
      for (const TokenId id : ids) {
        const std::string part = stream.push(id);
        ASSERT_TRUE(base::is_valid_utf8(part)) << vector;
        text += part;
      }
      text += stream.flush();
      const std::string whole = tokenizer->decode(ids, skip_special);
      if (byte_fallback && whole.find(base::kReplacementUtf8) != std::string::npos)
        continue;  // see the header
      EXPECT_EQ(text, whole) << vector;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Families, TokenizerGolden,
                         ::testing::Values("bundled", "qwen2", "qwen35", "llama3", "gpt2", "smollm", "llama2",
                                           "gemma", "metaspace", "deepseek", "o200k"),
                         [](const ::testing::TestParamInfo<const char*>& family) {
                           return std::string(family.param);
                         });

}  // namespace
}  // namespace axllama::text
