#include "text/tokenizer/package_files.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/error_of.h"
#include "text/tokenizer/testing/test_support.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::text {
namespace {

using base::ErrorCode;
using base::testing::error_of;
using ::testing::HasSubstr;
using Ids = std::vector<TokenId>;

std::string fixture(const char* name) {
  return read_file(golden_folder() / (std::string(name) + ".json"));
}

TEST(PackageFiles, UnitesTheEndTokensOfAllFiles) {
  const TemporaryFolder package;
  package.write("tokenizer.json", fixture("qwen2"));
  package.write("tokenizer_config.json",
                R"({"eos_token": "<|im_end|>", "bos_token": null, "add_bos_token": false})");
  const auto probe = Tokenizer::load(package.path());
  const TokenId end = *probe->token_id("<|im_end|>");
  const TokenId text_end = *probe->token_id("<|endoftext|>");
  EXPECT_EQ(probe->eos(), Ids{end});
  package.write("generation_config.json", "{\"bos_token_id\": " + std::to_string(text_end) +
                                              ", \"eos_token_id\": [" + std::to_string(end) + ", " +
                                              std::to_string(text_end) + "]}");
  package.write("config.json", "{\"eos_token_id\": " + std::to_string(end) + "}");
  const auto tokenizer = Tokenizer::load(package.path());
  EXPECT_EQ(tokenizer->eos(), (Ids{end, text_end}));
  EXPECT_TRUE(tokenizer->is_eos(text_end));
  EXPECT_FALSE(tokenizer->is_eos(0));
  EXPECT_FALSE(tokenizer->bos());  // tokenizer_config.json says there is none
  EXPECT_FALSE(tokenizer->adds_bos());
}

TEST(PackageFiles, FindsTheBeginningToken) {
  const TemporaryFolder package;
  package.write("tokenizer.json", fixture("llama3"));
  package.write("special_tokens_map.json",
                R"({"bos_token": {"content": "<|begin_of_text|>", "lstrip": false}})");
  const auto llama3 = Tokenizer::load(package.path());
  EXPECT_EQ(llama3->bos(), llama3->token_id("<|begin_of_text|>"));
  EXPECT_TRUE(llama3->adds_bos());
  // Without a template of its own, add_bos_token counts.
  package.write("tokenizer.json", fixture("qwen2"));
  package.write("special_tokens_map.json", "");
  package.write("tokenizer_config.json", R"({"bos_token": "<|endoftext|>", "add_bos_token": true})");
  const auto qwen2 = Tokenizer::load(package.path());
  EXPECT_TRUE(qwen2->adds_bos());
  EXPECT_EQ(qwen2->add_special_tokens({7}), (Ids{*qwen2->bos(), 7}));
}

TEST(PackageFiles, FindsTheTokenizerOfAPackage) {
  const TemporaryFolder package;
  EXPECT_EQ(error_of([&] { Tokenizer::load(package.path() / "missing"); }).code(), ErrorCode::kNotFound);
  const base::Error none = error_of([&] { Tokenizer::load(package.path()); });
  EXPECT_EQ(none.code(), ErrorCode::kNotFound);
  EXPECT_THAT(none.message(), HasSubstr("has no tokenizer"));

  package.write("config.json", "");  // older packages ship it empty
  package.write("qwen3_tokenizer/tokenizer.json", fixture("qwen2"));
  package.write("qwen3_tokenizer/tokenizer_config.json", R"({"eos_token": "<|im_end|>"})");
  package.write("generation_config.json", R"({"eos_token_id": 3})");
  const auto below = Tokenizer::load(package.path());
  EXPECT_EQ(below->eos(), (Ids{*below->token_id("<|im_end|>"), 3}));

  package.write("other_tokenizer/tokenizer.json", fixture("llama3"));
  EXPECT_THAT(error_of([&] { Tokenizer::load(package.path()); }).message(),
              HasSubstr("has several tokenizers: other_tokenizer and qwen3_tokenizer"));
  package.write("tokenizer.json", fixture("gemma"));
  EXPECT_TRUE(Tokenizer::load(package.path())->token_id("<start_of_turn>"));
}

TEST(PackageFiles, RefusesWhatContradictsTheVocabulary) {
  const TemporaryFolder package;
  package.write("tokenizer.json", fixture("qwen2"));
  package.write("tokenizer_config.json", R"({"eos_token": "<eos>"})");
  EXPECT_THAT(error_of([&] { Tokenizer::load(package.path()); }).message(),
              HasSubstr("tokenizer_config.json: eos_token is \"<eos>\", which is not in the vocabulary"));
  package.write("tokenizer_config.json", "{}");
  package.write("generation_config.json", R"({"eos_token_id": [1, 151645]})");
  EXPECT_THAT(error_of([&] { Tokenizer::load(package.path()); }).message(),
              HasSubstr("generation_config.json: eos_token_id is 151645, but the vocabulary"));
  package.write("generation_config.json", R"({"eos_token_id")");
  EXPECT_THAT(error_of([&] { Tokenizer::load(package.path()); }).message(),
              HasSubstr("generation_config.json is not valid JSON"));
  package.write("generation_config.json", "");
  package.write("tokenizer.json", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n");
  EXPECT_THAT(error_of([&] { Tokenizer::load(package.path()); }).message(),
              HasSubstr("is a git-LFS pointer"));
}

}  // namespace
}  // namespace axllama::text
