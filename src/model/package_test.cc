#include "model/package.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/testing/package_folder.h"
#include "text/chat_template.h"

namespace axllama::model {
namespace {

using base::Error;
using base::ErrorCode;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::PackageFolder;

class PackageTest : public ::testing::Test {
 protected:
  std::shared_ptr<const Package> open() const { return Package::open(folder_.path()); }

  std::string refusal(ErrorCode code = ErrorCode::kInvalidArgument) const {
    try {
      open();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.message();
      return error.message();
    }
    ADD_FAILURE() << "the package opened";
    return {};
  }

  PackageFolder folder_;
};

TEST_F(PackageTest, ReadsAPackageWithoutConfiguration) {
  folder_.write_package(12);
  folder_.write("config.json", "");  // older repositories ship it empty
  const auto package = open();
  EXPECT_EQ(package->files().name, "qwen3");
  EXPECT_EQ(package->architecture(), "qwen3");
  ASSERT_EQ(package->layer_count(), 12U);
  EXPECT_EQ(package->files().layers[10].filename(), "qwen3_p128_l10_together.axmodel");
  EXPECT_EQ(package->files().head.filename(), "qwen3_post.axmodel");
  EXPECT_EQ(package->vocabulary_size(), 320U);
  EXPECT_EQ(package->hidden_size(), 64U);
  EXPECT_EQ(package->weight_type(), "");
  EXPECT_FALSE(package->context_length().has_value());
  EXPECT_FALSE(package->sampling_defaults().temperature.has_value());
  EXPECT_FALSE(package->system_prompt().has_value());
  EXPECT_EQ(package->tokenizer().vocabulary_size(), 258U);
  EXPECT_EQ(package->chat_template().source(), text::default_chat_template());
  EXPECT_GT(package->bytes_on_disk(), 320U * 64 * 2);
}

TEST_F(PackageTest, GivesRowsOfTheEmbeddingTable) {
  folder_.write_package();
  const auto package = open();
  ASSERT_EQ(package->embedding(319).size(), 64U);
  EXPECT_EQ(package->embedding(0)[1], 1U);
  EXPECT_EQ(package->embedding(319)[63], 20479U);
  EXPECT_THROW(package->embedding(320), Error);
  EXPECT_THROW(package->embedding(-1), Error);
}

TEST_F(PackageTest, ReadsAxllmsConfiguration) {
  folder_.write_layers(2, "other_l", ".axmodel");
  folder_.write("head.axmodel", "head");
  folder_.write_embedding(320, 64, "table.bin");
  folder_.write_tokenizer();
  folder_.write(
      "config.json",
      R"({"model_name": "Qwen3-0.6B", "tokenizer_type": "Qwen3", "url_tokenizer_model": "absent.txt",
    "template_filename_axmodel": "other_l%d.axmodel", "axmodel_num": 2, "filename_post_axmodel": "head.axmodel",
    "filename_tokens_embed": "table.bin", "tokens_embed_num": 320, "tokens_embed_size": 64,
    "post_config_path": "sampling.json", "system_prompt": "Be brief.",
    "axllama": {"architecture": "qwen3", "weight_type": "s8", "context_length": 2048}})");
  folder_.write("sampling.json",
                R"({"enable_temperature": true, "temperature": 0.6, "enable_repetition_penalty": true,
    "repetition_penalty": 1.1, "penalty_window": 20, "enable_top_p_sampling": false, "top_p": 0.5,
    "enable_top_k_sampling": true, "top_k": 20})");
  const auto package = open();
  EXPECT_EQ(package->layer_count(), 2U);
  EXPECT_EQ(package->architecture(), "qwen3");
  EXPECT_EQ(package->weight_type(), "s8");
  EXPECT_EQ(package->parameter_count(), 600000000U);
  EXPECT_EQ(package->context_length(), 2048U);
  EXPECT_EQ(package->system_prompt(), "Be brief.");
  EXPECT_EQ(package->sampling_defaults().temperature, 0.6);
  EXPECT_EQ(package->sampling_defaults().repeat_penalty, 1.1);
  EXPECT_EQ(package->sampling_defaults().repeat_last_n, 20);
  EXPECT_EQ(package->sampling_defaults().top_k, 20);
  EXPECT_FALSE(package->sampling_defaults().top_p.has_value());
}

TEST_F(PackageTest, KnowsThatAxllmIsGreedyWithoutSampling) {
  folder_.write_package();
  folder_.write("post_config.json", R"({"enable_temperature": true, "temperature": 0.9})");
  EXPECT_EQ(open()->sampling_defaults().temperature, 0.0);
}

TEST_F(PackageTest, TakesHuggingFacesGenerationDefaults) {
  folder_.write_package();
  folder_.write(
      "generation_config.json",
      R"({"do_sample": true, "temperature": 0.7, "top_p": 0.8, "top_k": 20, "repetition_penalty": 1.05})");
  const SamplingDefaults defaults = open()->sampling_defaults();
  EXPECT_EQ(defaults.temperature, 0.7);
  EXPECT_EQ(defaults.top_p, 0.8);
  EXPECT_EQ(defaults.top_k, 20);
  EXPECT_EQ(defaults.repeat_penalty, 1.05);
}

TEST_F(PackageTest, AcceptsTheOldFilePatterns) {
  folder_.write_layers(2, "qwen2_5_l", ".axmodel");
  folder_.write("qwen2_5_post.axmodel", "head");
  folder_.write_embedding(320, 64);
  folder_.write_tokenizer(2, "qwen2_5_tokenizer/tokenizer.json");
  folder_.write("qwen2_5_tokenizer/tokenizer_config.json",
                R"({"chat_template": "{{ messages[0].content }}"})");
  folder_.write("qwen2_5_vision_448.axmodel", "not a language layer");
  const auto package = open();
  EXPECT_EQ(package->architecture(), "qwen2");
  EXPECT_EQ(package->chat_template().source(), "{{ messages[0].content }}");
}

TEST_F(PackageTest, RefusesGitLfsPointersAnywhere) {
  const std::string pointer =
      "version https://git-lfs.github.com/spec/v1\noid sha256:0123456789abcdef\nsize 26214400\n";
  for (const char* name : {"qwen3_p128_l1_together.axmodel", "qwen3_post.axmodel", "tokenizer.json",
                           "model.embed_tokens.weight.bfloat16.bin", "config.json"}) {
    folder_.write_package();
    folder_.write(name, pointer);
    EXPECT_THAT(refusal(), AllOf(HasSubstr(std::string(name) + " is a git-LFS pointer"),
                                 HasSubstr("has " + std::to_string(pointer.size()) + " bytes"),
                                 HasSubstr("26214400 bytes"), HasSubstr("git lfs pull")));
    folder_.remove(name);
  }
}

TEST_F(PackageTest, NamesAMissingLayer) {
  folder_.write_package(4);
  folder_.remove("qwen3_p128_l2_together.axmodel");
  EXPECT_THAT(refusal(ErrorCode::kNotFound),
              AllOf(HasSubstr("Layer 2 is missing"), HasSubstr("qwen3_p128_l2_together.axmodel"),
                    HasSubstr("up to 3")));
}

TEST_F(PackageTest, NamesADisagreementAboutTheNumberOfLayers) {
  folder_.write_package(3);
  folder_.write("config.json", R"({"axmodel_num": 4})");
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("config.json says the model has 4 layers"), HasSubstr("has 3 layer files")));
}

TEST_F(PackageTest, RefusesDoubledAndMixedLayers) {
  folder_.write_package(2);
  folder_.write("qwen3_p128_l01_together.axmodel", "layer");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("Layer 1 is there twice"), HasSubstr("l01_together"),
                               HasSubstr("l1_together")));
  folder_.remove("qwen3_p128_l01_together.axmodel");
  folder_.write("qwen3_p512_l0_together.axmodel", "layer");
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("mixes two sets of layers"), HasSubstr("qwen3_p128_l%d_together.axmodel"),
                    HasSubstr("qwen3_p512_l%d_together.axmodel")));
}

TEST_F(PackageTest, ChoosesBetweenSetsOfLayersByConfiguration) {
  folder_.write_package(2);
  folder_.write_layers(3, "qwen3_p512_l");
  folder_.write("config.json", R"({"template_filename_axmodel": "qwen3_p512_l%d_together.axmodel"})");
  EXPECT_EQ(open()->layer_count(), 3U);
  folder_.write("config.json", R"({"template_filename_axmodel": "qwen3_l.axmodel"})");
  EXPECT_THAT(refusal(), HasSubstr("has no %d"));
  folder_.write("config.json", R"({"template_filename_axmodel": "qwen4_l%d.axmodel"})");
  EXPECT_THAT(refusal(ErrorCode::kNotFound), HasSubstr("qwen4_l%d.axmodel"));
}

TEST_F(PackageTest, NamesWhatIsMissing) {
  EXPECT_THAT(refusal(ErrorCode::kNotFound), HasSubstr("no layer files"));
  folder_.write_package();
  folder_.remove("qwen3_post.axmodel");
  EXPECT_THAT(refusal(ErrorCode::kNotFound), HasSubstr("no output head"));
  folder_.write_package();
  folder_.remove("model.embed_tokens.weight.bfloat16.bin");
  EXPECT_THAT(refusal(ErrorCode::kNotFound), HasSubstr("no embedding table"));
  folder_.write_package();
  folder_.write("config.json", R"({"filename_post_axmodel": "absent_post.axmodel"})");
  EXPECT_THAT(refusal(ErrorCode::kNotFound),
              AllOf(HasSubstr("absent_post.axmodel"), HasSubstr("config.json")));
  folder_.remove("config.json");
  folder_.remove("tokenizer.json");
  EXPECT_THAT(refusal(ErrorCode::kNotFound), HasSubstr("tokenizer"));
}

TEST_F(PackageTest, RefusesEmptyFiles) {
  folder_.write_package();
  folder_.write("qwen3_p128_l1_together.axmodel", "");
  EXPECT_THAT(refusal(), HasSubstr("qwen3_p128_l1_together.axmodel is empty"));
}

TEST_F(PackageTest, NamesAnEmbeddingTableOfTheWrongSize) {
  folder_.write_package();
  folder_.write("config.json", R"({"tokens_embed_num": 320, "tokens_embed_size": 128})");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("bfloat16.bin has 40960 bytes"), HasSubstr("asks for 81920")));
}

TEST_F(PackageTest, LetsOnlySpecialTokensLackARow) {
  folder_.write_package();
  folder_.write_tokenizer(100);  // 356 tokens, 256 of them ordinary
  folder_.write("config.json", R"({"tokens_embed_size": 64})");
  EXPECT_EQ(open()->vocabulary_size(), 320U);
  folder_.write_embedding(255, 64);
  EXPECT_THAT(refusal(), AllOf(HasSubstr("255 rows"), HasSubstr("256 tokens")));
}

TEST_F(PackageTest, NamesWhatIsWrongInAConfiguration) {
  folder_.write_package();
  folder_.write("config.json", "{\"axmodel_num\": ");
  EXPECT_THAT(refusal(), HasSubstr("config.json is not valid JSON"));
  folder_.write("config.json", "[]");
  EXPECT_THAT(refusal(), HasSubstr("must hold a JSON object; it holds a value of type array"));
  folder_.write("config.json", R"({"axllama": {"context_length": "long"}})");
  EXPECT_THAT(
      refusal(),
      HasSubstr("\"axllama.context_length\" must be a whole number that is not negative, not a string"));
  folder_.write("config.json", R"({"axmodel_num": -3})");
  EXPECT_THAT(refusal(), HasSubstr("\"axmodel_num\" must be a whole number that is not negative"));
}

TEST_F(PackageTest, ReadsTheSizeOfAModelFromItsName) {
  folder_.write_package();
  for (const auto& [name, count] : {std::pair<const char*, std::uint64_t>{"Qwen3-0.6B", 600000000},
                                    {"SmolLM2-360M-Instruct", 360000000},
                                    {"DeepSeek-R1-Distill-Qwen-7B", 7000000000},
                                    {"tiny", 0}}) {
    folder_.write("config.json", std::string(R"({"model_name": ")") + name + "\"}");
    EXPECT_EQ(open()->parameter_count(), count) << name;
  }
}

TEST(Package, NamesAFolderThatIsNotThere) {
  try {
    Package::open("/nowhere/model");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_THAT(error.message(), HasSubstr("/nowhere/model"));
  }
}

TEST_F(PackageTest, TellsWhatTheModelIsFor) {
  folder_.write_package();
  EXPECT_EQ(open()->purpose(), Purpose::kText);
  EXPECT_EQ(open()->pooling(), Pooling::kLast);
  folder_.write("config.json", R"({"is_embedding": true})");
  EXPECT_EQ(open()->purpose(), Purpose::kEmbedding);
  EXPECT_EQ(open()->pooling(), Pooling::kLast);
  EXPECT_FALSE(open()->judge_tokens());
  folder_.write("config.json", R"({"is_embedding": false, "pooling": "mean"})");
  EXPECT_EQ(open()->purpose(), Purpose::kText);
  EXPECT_EQ(open()->pooling(), Pooling::kMean);
  folder_.write("config.json", R"({"pooling": "max"})");
  EXPECT_THAT(refusal(), HasSubstr(R"("pooling" must be "last" or "mean", not "max")"));
  folder_.write("config.json", R"({"is_embedding": true, "is_reranker": true})");
  EXPECT_THAT(refusal(), HasSubstr("\"is_reranker\" must be false where is_embedding is true, not true"));
}

TEST_F(PackageTest, ARerankerNeedsTheWordsByWhichItJudges) {
  folder_.write_package();
  folder_.write("config.json", R"({"is_reranker": true})");
  EXPECT_THAT(refusal(), HasSubstr("\"yes\" is no token"));
  std::ifstream file(folder_.path() / "tokenizer.json");
  nlohmann::json tokenizer = nlohmann::json::parse(file);
  tokenizer["added_tokens"][0]["content"] = "yes";
  tokenizer["added_tokens"][1]["content"] = "no";
  folder_.write("tokenizer.json", tokenizer.dump());
  const auto package = open();
  EXPECT_EQ(package->purpose(), Purpose::kReranking);
  EXPECT_EQ(package->judge_tokens()->yes, 256);
  EXPECT_EQ(package->judge_tokens()->no, 257);
}

}  // namespace
}  // namespace axllama::model
