// GGUF files all the way to packages: the same model as checkpoint and as GGUF gives the same weights.

#include <cstring>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/bfloat16.h"
#include "base/error.h"
#include "base/safetensors.h"
#include "compiler/compiler.h"
#include "compiler/ggml_blocks.h"
#include "compiler/gguf_config.h"
#include "compiler/gguf_source.h"
#include "compiler/gguf_tokenizer.h"
#include "compiler/testing/checkpoint_folder.h"
#include "compiler/testing/gguf_writer.h"
#include "compiler/testing/packed_weights.h"
#include "model/package.h"
#include "text/chat_template.h"

namespace axllama::compiler {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using ::testing::AllOf;
using testing::Checkpoint;
using ::testing::ElementsAre;
using testing::GgufWriter;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

constexpr std::size_t kSpecials = 3;

/// Metadata and tokenizer of a GGUF file that holds `checkpoint`.
void write_metadata(GgufWriter& writer, const std::string& architecture) {
  writer.text("general.architecture", architecture);
  const std::string prefix = architecture + ".";
  writer.count(prefix + "block_count", Checkpoint::kLayers);
  writer.count(prefix + "context_length", 4096);
  writer.count(prefix + "embedding_length", Checkpoint::kHidden);
  writer.count(prefix + "feed_forward_length", Checkpoint::kIntermediate);
  writer.count(prefix + "attention.head_count", Checkpoint::kHeads);
  writer.count(prefix + "attention.head_count_kv", Checkpoint::kKvHeads);
  writer.count(prefix + "attention.key_length", Checkpoint::kHeadDim);
  writer.number(prefix + "attention.layer_norm_rms_epsilon", 1e-6F);
  writer.number(prefix + "rope.freq_base", 10000.0F);
}

/// The vocabulary of a tokenizer.json in the order of ids.
std::vector<std::string> tokens_of(const nlohmann::json& tokenizer) {
  std::vector<std::string> tokens(Checkpoint::kVocabulary);
  for (const auto& [token, id] : tokenizer.at("model").at("vocab").items())
    tokens.at(id.get<std::size_t>()) = token;
  for (const auto& added : tokenizer.at("added_tokens")) {
    tokens.at(added.at("id").get<std::size_t>()) = added.at("content").get<std::string>();
  }
  return tokens;
}

void write_tokenizer(GgufWriter& writer, const std::string& pre) {
  std::vector<std::string> tokens =
      tokens_of(nlohmann::json::parse(random_tokenizer_json(Checkpoint::kVocabulary)));
  tokens[300] = "he";
  tokens[301] = "\u0120he";
  tokens[302] = "<think>";
  std::vector<std::int32_t> types(tokens.size(), 1);
  for (std::size_t i = 0; i < kSpecials; ++i) types[types.size() - 1 - i] = 3;
  types[302] = 4;
  writer.text("tokenizer.ggml.model", "gpt2");
  writer.text("tokenizer.ggml.pre", pre);
  writer.texts("tokenizer.ggml.tokens", tokens);
  writer.integers("tokenizer.ggml.token_type", types);
  writer.texts("tokenizer.ggml.merges", {"h e", "\u0120 he"});
  writer.count("tokenizer.ggml.eos_token_id", Checkpoint::kVocabulary - 1);
  writer.text("tokenizer.chat_template", "{{ messages[0].content }}!");
}

/// Rows of a head in GGUF's order for interleaved RoPE.
std::vector<float> interleaved(const Checkpoint::Tensor& tensor) {
  constexpr std::size_t kDim = Checkpoint::kHeadDim;
  const auto columns = static_cast<std::size_t>(tensor.shape[1]);
  std::vector<float> values(tensor.values.size());
  for (std::size_t row = 0; row < static_cast<std::size_t>(tensor.shape[0]); ++row) {
    const std::size_t place = row % kDim;
    const std::size_t to = row - place + place % (kDim / 2) * 2 + place / (kDim / 2);
    std::copy_n(tensor.values.begin() + static_cast<std::ptrdiff_t>(row * columns), columns,
                values.begin() + static_cast<std::ptrdiff_t>(to * columns));
  }
  return values;
}

void write_tensors(GgufWriter& writer, const Checkpoint& checkpoint, bool interleave) {
  for (const auto& [name, tensor] : checkpoint.tensors) {
    std::vector<std::uint64_t> dims(tensor.shape.rbegin(), tensor.shape.rend());
    const bool reorder = interleave && (name.ends_with("q_proj.weight") || name.ends_with("k_proj.weight"));
    writer.tensor(gguf_tensor_name(name), dims, reorder ? interleaved(tensor) : tensor.values);
  }
}

class GgufTest : public ::testing::Test {
 protected:
  CompileOptions options(const fs::path& source, const std::string& output) const {
    CompileOptions options;
    options.source = source;
    options.output = folder_.path() / output;
    options.weight_type = "bf16";
    return options;
  }
  fs::path file() const { return folder_.path() / "model.gguf"; }

  /// All tensors of a layer or head file, byte for byte.
  static std::map<std::string, std::string> content(const fs::path& path) {
    const base::SafetensorsFile opened(path);
    std::map<std::string, std::string> bytes;
    for (const auto& [name, view] : opened.tensors()) {
      bytes[name] = std::string(reinterpret_cast<const char*>(view.data.data()), view.data.size());
    }
    return bytes;
  }

  Error refusal(GgufWriter& writer) const {
    writer.write(file());
    try {
      CompileOptions forced = options(file(), "refused");
      compile(forced);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "it compiled";
    return {ErrorCode::kInternal, ""};
  }

  TemporaryFolder folder_;
};

class SameModel : public GgufTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(SameModel, AsCheckpointAndAsGguf) {
  const std::string architecture = GetParam();
  const Checkpoint checkpoint(architecture);
  checkpoint.write(folder_.path() / "checkpoint");
  GgufWriter writer;
  write_metadata(writer, architecture);
  write_tokenizer(writer, architecture == "llama" ? "llama-bpe" : "qwen2");
  write_tensors(writer, checkpoint, architecture == "llama");
  writer.write(file());
  const CompileSummary first = compile(options(folder_.path() / "checkpoint", "first"));
  const CompileSummary second = compile(options(file(), "second"));
  EXPECT_EQ(first.parameters, second.parameters);
  for (const std::string name : {"_p128_l0_together.axmodel", "_p128_l1_together.axmodel", "_post.axmodel"}) {
    EXPECT_EQ(content(folder_.path() / "first" / (architecture + name)),
              content(folder_.path() / "second" / (architecture + name)));
  }
  const auto package = model::Package::open(folder_.path() / "second");
  EXPECT_EQ(package->architecture(), architecture);
  EXPECT_EQ(package->vocabulary_size(), static_cast<std::size_t>(Checkpoint::kVocabulary));
  EXPECT_EQ(package->chat_template().source(), "{{ messages[0].content }}!");
  EXPECT_THAT(package->tokenizer().encode("he he"), ElementsAre(300, 301));
  EXPECT_EQ(package->tokenizer().decode(package->tokenizer().encode("he said <think>hi"), true),
            "he said <think>hi");
  EXPECT_TRUE(package->tokenizer().is_eos(Checkpoint::kVocabulary - 1));
  EXPECT_TRUE(package->tokenizer().is_special(Checkpoint::kVocabulary - 1));
  EXPECT_FALSE(package->tokenizer().is_special(302));
}

INSTANTIATE_TEST_SUITE_P(Architectures, SameModel, ::testing::Values("qwen3", "qwen2", "llama"));

TEST_F(GgufTest, KeepsQuantisedTensorsAsTheyAre) {
  const Checkpoint checkpoint("llama");
  GgufWriter writer;
  write_metadata(writer, "llama");
  write_tokenizer(writer, "llama-bpe");
  // Q8_0 where rows are whole blocks of 32 columns; the down projection with its 48 stays in F32.
  std::map<std::string, std::vector<float>> quantised;
  std::mt19937 random(11);
  for (const auto& [name, tensor] : checkpoint.tensors) {
    const std::vector<std::uint64_t> dims(tensor.shape.rbegin(), tensor.shape.rend());
    if (dims.size() == 1 || dims[0] % 32 != 0) {
      writer.tensor(gguf_tensor_name(name), dims, tensor.values);
      continue;
    }
    std::vector<std::byte> data(tensor.values.size() / 32 * 34);
    for (std::byte& byte : data) byte = static_cast<std::byte>(random());
    for (std::size_t at = 1; at < data.size(); at += 34)
      data[at] = static_cast<std::byte>(0x20 + random() % 8);
    writer.tensor(gguf_tensor_name(name), dims, 8, data);
    quantised[name].resize(tensor.values.size());
    dequantize(GgmlType::kQ8_0, data, quantised[name]);
  }
  writer.write(file());
  CompileOptions kept = options(file(), "kept");
  kept.weight_type.clear();
  EXPECT_EQ(compile(kept).weight_type, "s8");
  const base::SafetensorsFile layer(kept.output / "llama_p128_l1_together.axmodel");
  EXPECT_EQ(testing::kind_of(layer, "down_proj"), "f32");
  EXPECT_EQ(testing::kind_of(layer, "up_proj"), "s8_g32");
  EXPECT_EQ(testing::weights_of(layer, "up_proj", 48, 32), quantised.at("model.layers.1.mlp.up_proj.weight"));
  // Rows of queries and keys are put back in order.
  const std::vector<float>& stored = quantised.at("model.layers.1.self_attn.k_proj.weight");
  const std::vector<float> keys = testing::weights_of(layer, "k_proj", 16, 32);
  for (std::size_t row = 0; row < 16; ++row) {
    const std::size_t from = row / 8 * 8 + row % 4 * 2 + row % 8 / 4;
    for (std::size_t i = 0; i < 32; ++i) ASSERT_EQ(keys[row * 32 + i], stored[from * 32 + i]) << row;
  }
  const base::SafetensorsFile head(kept.output / "llama_post.axmodel");
  EXPECT_EQ(testing::weights_of(head, "lm_head", 320, 32), quantised.at("model.embed_tokens.weight"));
}

TEST_F(GgufTest, CarriesPoolingAndTheTokenBehindATextOver) {
  for (const std::uint32_t pooling : {0U, 1U, 3U}) {
    GgufWriter writer;
    write_metadata(writer, "qwen3");
    write_tokenizer(writer, "qwen2");
    writer.count("qwen3.pooling_type", pooling);
    writer.flag("tokenizer.ggml.add_eos_token", true);
    write_tensors(writer, Checkpoint("qwen3"), false);
    writer.write(file());
    CompileOptions forced = options(file(), "pooled");
    forced.force = true;
    compile(forced);
    const auto package = model::Package::open(forced.output);
    EXPECT_EQ(package->purpose(), pooling == 0 ? model::Purpose::kText : model::Purpose::kEmbedding);
    EXPECT_EQ(package->pooling(), pooling == 1 ? model::Pooling::kMean : model::Pooling::kLast);
    EXPECT_THAT(package->tokenizer().add_special_tokens({300}),
                ElementsAre(300, Checkpoint::kVocabulary - 1));
  }
  GgufWriter writer;
  write_metadata(writer, "qwen3");
  write_tokenizer(writer, "qwen2");
  writer.count("qwen3.pooling_type", 2);
  write_tensors(writer, Checkpoint("qwen3"), false);
  EXPECT_THAT(refusal(writer).message(), AllOf(HasSubstr("pooling_type 2"), HasSubstr("3 (last)")));
}

TEST_F(GgufTest, ReadsLlama3sDivisors) {
  GgufWriter writer;
  write_metadata(writer, "llama");
  write_tensors(writer, Checkpoint("llama"), true);
  writer.tensor("rope_freqs.weight", {4}, {1.0F, 1.0F, 4.0F, 8.0F});
  writer.write(file());
  const DecoderConfig config = read_gguf_config(GgufFile(file()), 2048);
  ASSERT_EQ(config.rope_inv_freq.size(), 4U);
  EXPECT_FLOAT_EQ(config.rope_inv_freq[1], 0.1F);
  EXPECT_FLOAT_EQ(config.rope_inv_freq[2], 0.01F / 4);
  EXPECT_FLOAT_EQ(config.rope_inv_freq[3], 0.001F / 8);
}

TEST_F(GgufTest, NamesWhatIsMissingOrWrong) {
  GgufWriter unknown;
  unknown.text("general.architecture", "mamba");
  EXPECT_THAT(refusal(unknown).message(), AllOf(HasSubstr("\"mamba\""), HasSubstr("qwen3")));

  Checkpoint missing;
  missing.tensors.erase("model.layers.1.mlp.up_proj.weight");
  GgufWriter without;
  write_metadata(without, "qwen3");
  write_tokenizer(without, "qwen2");
  write_tensors(without, missing, false);
  EXPECT_THAT(refusal(without).message(), HasSubstr("no tensor blk.1.ffn_up.weight"));

  Checkpoint reshaped;
  reshaped.add("model.layers.0.mlp.up_proj.weight", {Checkpoint::kIntermediate + 1, Checkpoint::kHidden});
  GgufWriter wrong;
  write_metadata(wrong, "qwen3");
  write_tokenizer(wrong, "qwen2");
  write_tensors(wrong, reshaped, false);
  EXPECT_THAT(refusal(wrong).message(),
              AllOf(HasSubstr("blk.0.ffn_up.weight"), HasSubstr("[49, 32]"), HasSubstr("[48, 32]")));
  EXPECT_FALSE(fs::exists(folder_.path() / "refused"));
}

TEST_F(GgufTest, NamesAPreTokenizerItDoesNotKnow) {
  GgufWriter writer;
  write_metadata(writer, "qwen3");
  write_tokenizer(writer, "viking");
  write_tensors(writer, Checkpoint(), false);
  const Error error = refusal(writer);
  EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  EXPECT_THAT(error.message(), AllOf(HasSubstr("\"viking\""), HasSubstr("llama-bpe")));
}

TEST_F(GgufTest, CarriesSentencePieceTokenizersOver) {
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
  std::vector<float> scores = {0, 0, 0};
  std::vector<std::int32_t> types = {2, 3, 3};
  for (int byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", static_cast<unsigned>(byte));
    tokens.emplace_back(text);
    scores.push_back(0);
    types.push_back(6);
  }
  float score = -1;
  for (const char* piece : {"he", "\u2581he", "llo", "ll", "\u2581", "h", "e", "l", "o"}) {
    tokens.emplace_back(piece);
    scores.push_back(score--);
    types.push_back(1);
  }
  GgufWriter writer;
  writer.text("tokenizer.ggml.model", "llama");
  writer.texts("tokenizer.ggml.tokens", tokens);
  writer.numbers("tokenizer.ggml.scores", scores);
  writer.integers("tokenizer.ggml.token_type", types);
  writer.count("tokenizer.ggml.bos_token_id", 1);
  writer.count("tokenizer.ggml.eos_token_id", 2);
  writer.count("tokenizer.ggml.unknown_token_id", 0);
  writer.write(file());
  const GgufTokenizer carried = read_gguf_tokenizer(GgufFile(file()));
  std::ofstream(folder_.path() / "tokenizer.json") << carried.tokenizer_json;
  std::ofstream(folder_.path() / "tokenizer_config.json") << carried.tokenizer_config_json;
  const auto tokenizer = text::Tokenizer::load(folder_.path());
  // Pieces: 259 he, 260 _he, 261 llo, 262 ll, 263 _, ...; what no piece covers is spelt in bytes.
  EXPECT_THAT(tokenizer->encode("hello"), ElementsAre(260, 261));
  EXPECT_THAT(tokenizer->encode("hello he"), ElementsAre(260, 261, 260));
  const auto euro = tokenizer->encode("h\u20AC");
  EXPECT_THAT(euro, ElementsAre(263, 264, 3 + 0xE2, 3 + 0x82, 3 + 0xAC));
  EXPECT_EQ(tokenizer->decode(euro, true), "h\u20AC");
  EXPECT_TRUE(tokenizer->adds_bos());
  EXPECT_EQ(tokenizer->bos(), 1);
  EXPECT_TRUE(tokenizer->is_eos(2));
}

TEST_F(GgufTest, RefusesTokenizersWhoseListsDoNotFit) {
  const auto message = [&](GgufWriter& writer) {
    writer.write(file());
    try {
      read_gguf_tokenizer(GgufFile(file()));
    } catch (const Error& error) {
      return error.message();
    }
    return std::string("accepted");
  };
  GgufWriter none;
  EXPECT_THAT(message(none), HasSubstr("has no tokenizer"));
  GgufWriter types;
  types.texts("tokenizer.ggml.tokens", {"a", "b"});
  types.integers("tokenizer.ggml.token_type", {1});
  EXPECT_THAT(message(types), HasSubstr("2 tokens, but 1 token types"));
  GgufWriter scores;
  scores.text("tokenizer.ggml.model", "llama");
  scores.texts("tokenizer.ggml.tokens", {"a", "b"});
  EXPECT_THAT(message(scores), HasSubstr("2 tokens, but 0 scores"));
  GgufWriter model;
  model.text("tokenizer.ggml.model", "rwkv");
  model.texts("tokenizer.ggml.tokens", {"a"});
  EXPECT_THAT(message(model), HasSubstr("\"rwkv\""));
}

}  // namespace
}  // namespace axllama::compiler
