// Gemma 3 from checkpoints and GGUF files; tests/reference compares what comes out with numpy.

#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/bfloat16.h"
#include "base/error.h"
#include "base/safetensors.h"
#include "compiler/compiler.h"
#include "compiler/decoder_config.h"
#include "compiler/gguf_config.h"
#include "compiler/gguf_source.h"
#include "compiler/gguf_tokenizer.h"
#include "compiler/testing/checkpoint_folder.h"
#include "compiler/testing/gguf_writer.h"
#include "compiler/testing/packed_weights.h"
#include "model/package.h"

namespace axllama::compiler {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using nlohmann::json;
using ::testing::AllOf;
using testing::Checkpoint;
using ::testing::ElementsAre;
using testing::GgufWriter;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

constexpr const char* kModel = "gemma3_text";
constexpr float kScale = 5.65625F;  // the square root of 32 in bf16

class Gemma3Test : public ::testing::Test {
 protected:
  CompileOptions options(const fs::path& source, const std::string& output) const {
    CompileOptions options;
    options.source = source;
    options.output = folder_.path() / output;
    options.weight_type = "bf16";
    return options;
  }
  fs::path source() const { return folder_.path() / "source"; }
  fs::path gguf() const { return folder_.path() / "model.gguf"; }

  fs::path compiled(const Checkpoint& checkpoint, const std::string& output) const {
    fs::remove_all(source());
    checkpoint.write(source());
    compile(options(source(), output));
    return folder_.path() / output;
  }

  static fs::path layer(const fs::path& package, int index) {
    return package / ("gemma3_p128_l" + std::to_string(index) + "_together.axmodel");
  }
  static json program(const fs::path& file) {
    return json::parse(base::SafetensorsFile(file).metadata().at("axllama.config"));
  }
  static std::vector<float> vector(const fs::path& file, const std::string& name) {
    const base::SafetensorsFile opened(file);
    const base::SafetensorsView& view = opened.tensor(name);
    std::vector<float> values(view.data.size() / sizeof(float));
    std::memcpy(values.data(), view.data.data(), view.data.size());
    return values;
  }
  static std::string bytes(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static void expect_same_models(const fs::path& a, const fs::path& b) {
    for (const fs::path& file : {layer(a, 0), layer(a, 1), a / "gemma3_post.axmodel",
                                 a / "model.embed_tokens.weight.bfloat16.bin"}) {
      EXPECT_TRUE(bytes(file) == bytes(b / file.filename())) << file;
    }
  }

  Error refusal(const Checkpoint& checkpoint) const {
    checkpoint.write(source());
    return refusal_of(source());
  }
  Error refusal_of(const fs::path& from) const {
    try {
      compile(options(from, "refused"));
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "it compiled";
    return {ErrorCode::kInternal, ""};
  }
  Error refusal(const std::string& key, const json& value) const {
    Checkpoint checkpoint(kModel);
    checkpoint.config[key] = value;
    return refusal(checkpoint);
  }

  TemporaryFolder folder_;
};

std::vector<float> from_one(const Checkpoint& checkpoint, const std::string& tensor, float scale = 1) {
  std::vector<float> gains = checkpoint.tensors.at(tensor).values;
  for (float& gain : gains) gain = (gain + 1.0F) * scale;
  return gains;
}

TEST_F(Gemma3Test, DescribesItsLayers) {
  const Checkpoint checkpoint(kModel);
  const fs::path package = compiled(checkpoint, "package");
  const json local = program(layer(package, 0));
  EXPECT_EQ(local.at("activation"), "gelu_tanh");
  EXPECT_EQ(local.at("window"), 512);
  EXPECT_EQ(local.at("qk_norm"), true);
  EXPECT_FALSE(program(layer(package, 1)).contains("window"));
  // Of four pairs, the second rotates by theta^(-1/4).
  EXPECT_FLOAT_EQ(vector(layer(package, 0), "rope_inv_freq").at(1), 0.1F);
  EXPECT_FLOAT_EQ(vector(layer(package, 1), "rope_inv_freq").at(1), std::pow(1e6F, -0.25F));
  EXPECT_EQ(model::Package::open(package)->architecture(), "gemma3");
}

TEST_F(Gemma3Test, CountsGainsFromOne) {
  const Checkpoint checkpoint(kModel);
  const fs::path package = compiled(checkpoint, "package");
  const fs::path file = layer(package, 1);
  const std::string prefix = "model.layers.1.";
  EXPECT_EQ(vector(file, "attn_norm"), from_one(checkpoint, prefix + "input_layernorm.weight"));
  EXPECT_EQ(vector(file, "attn_post_norm"), from_one(checkpoint, prefix + "post_attention_layernorm.weight"));
  EXPECT_EQ(vector(file, "mlp_norm"), from_one(checkpoint, prefix + "pre_feedforward_layernorm.weight"));
  EXPECT_EQ(vector(file, "mlp_post_norm"),
            from_one(checkpoint, prefix + "post_feedforward_layernorm.weight"));
  EXPECT_EQ(vector(file, "k_norm"), from_one(checkpoint, prefix + "self_attn.k_norm.weight"));
  // Queries are divided by sqrt(2) instead of sqrt(8).
  EXPECT_EQ(vector(file, "q_norm"), from_one(checkpoint, prefix + "self_attn.q_norm.weight", 2.0F));
  EXPECT_EQ(vector(package / "gemma3_post.axmodel", "norm"), from_one(checkpoint, "model.norm.weight"));
}

TEST_F(Gemma3Test, ScalesTheEmbeddingButNotTheHead) {
  const Checkpoint checkpoint(kModel);
  const fs::path package = compiled(checkpoint, "package");
  const std::vector<float>& table = checkpoint.tensors.at("model.embed_tokens.weight").values;
  const std::string raw = bytes(package / "model.embed_tokens.weight.bfloat16.bin");
  ASSERT_EQ(raw.size(), table.size() * sizeof(base::Bf16));
  for (std::size_t i = 0; i < table.size(); ++i) {
    base::Bf16 value = 0;
    std::memcpy(&value, raw.data() + i * sizeof value, sizeof value);
    ASSERT_EQ(value, base::f32_to_bf16(table[i] * kScale)) << i;
  }
  const base::SafetensorsFile head(package / "gemma3_post.axmodel");
  EXPECT_EQ(testing::weights_of(head, "lm_head", 320, 32), table);
}

TEST_F(Gemma3Test, LayerTypesSayWhichLayersHaveTheWindow) {
  Checkpoint checkpoint(kModel);
  checkpoint.config["layer_types"] = {"full_attention", "sliding_attention"};
  const fs::path package = compiled(checkpoint, "package");
  EXPECT_FALSE(program(layer(package, 0)).contains("window"));
  EXPECT_EQ(program(layer(package, 1)).at("window"), 512);
}

TEST_F(Gemma3Test, ScalesRopeOfLayersThatSeeAllOnly) {
  Checkpoint checkpoint(kModel);
  checkpoint.config["rope_scaling"] = {{"rope_type", "linear"}, {"factor", 8.0}};
  const fs::path old = compiled(checkpoint, "old");
  EXPECT_FLOAT_EQ(vector(layer(old, 0), "rope_inv_freq").at(0), 1.0F);
  EXPECT_FLOAT_EQ(vector(layer(old, 1), "rope_inv_freq").at(0), 0.125F);
  // The same as later files have it.
  for (const char* key : {"rope_scaling", "rope_theta", "rope_local_base_freq"}) checkpoint.config.erase(key);
  checkpoint.config["rope_parameters"] = {
      {"full_attention", {{"rope_type", "linear"}, {"factor", 8.0}, {"rope_theta", 1e6}}},
      {"sliding_attention", {{"rope_type", "default"}, {"rope_theta", 1e4}}}};
  expect_same_models(old, compiled(checkpoint, "new"));
}

TEST_F(Gemma3Test, TakesTheLanguageModelOfOneThatSeesImages) {
  const Checkpoint plain(kModel);
  const fs::path alone = compiled(plain, "alone");
  for (const std::string prefix : {"language_model.model.", "model.language_model."}) {
    Checkpoint nested(kModel);
    nested.config = {{"model_type", "gemma3"}, {"text_config", plain.config}};
    nested.tensors.clear();
    for (const auto& [name, tensor] : plain.tensors) {
      nested.tensors[prefix + name.substr(std::strlen("model."))] = tensor;
    }
    nested.add("vision_tower.patch_embedding.weight", {4, 4});
    expect_same_models(alone, compiled(nested, prefix + "package"));
  }
}

TEST_F(Gemma3Test, FillsInTheFamilysSizes) {
  // Files of the larger models leave out what is the family's own.
  Checkpoint checkpoint(kModel);
  for (const char* key : {"num_attention_heads", "num_key_value_heads", "head_dim", "vocab_size",
                          "max_position_embeddings", "query_pre_attn_scalar", "sliding_window_pattern",
                          "rope_theta", "rope_local_base_freq", "hidden_activation"}) {
    checkpoint.config.erase(key);
  }
  checkpoint.config["num_hidden_layers"] = 7;
  checkpoint.write(source());
  const DecoderConfig config = read_decoder_config(source() / "config.json", 2048);
  EXPECT_EQ(config.heads, 8U);
  EXPECT_EQ(config.kv_heads, 4U);
  EXPECT_EQ(config.head_dim, 256U);
  EXPECT_EQ(config.vocabulary, 262208U);
  EXPECT_EQ(config.max_positions, 131072U);
  EXPECT_EQ(config.query_scale, 1.0);
  EXPECT_EQ(config.local_layers, (std::vector<bool>{true, true, true, true, true, false, true}));
  EXPECT_FLOAT_EQ(config.rope_inv_freq.at(64), 1e-3F);
  EXPECT_FLOAT_EQ(config.local_rope_inv_freq.at(64), 1e-2F);
  EXPECT_TRUE(config.tied_embeddings);
}

TEST_F(Gemma3Test, RefusesWhatItWouldCompileWrongly) {
  EXPECT_THAT(refusal("attn_logit_softcapping", 50.0).message(), HasSubstr("attn_logit_softcapping"));
  EXPECT_THAT(refusal("final_logit_softcapping", 30.0).message(), HasSubstr("final_logit_softcapping"));
  EXPECT_THAT(refusal("use_bidirectional_attention", true).message(),
              HasSubstr("use_bidirectional_attention"));
  EXPECT_THAT(refusal("attention_bias", true).message(), HasSubstr("attention_bias"));
  EXPECT_THAT(refusal("hidden_activation", "gelu").message(),
              AllOf(HasSubstr("\"gelu\""), HasSubstr("gelu_pytorch_tanh")));
  EXPECT_THAT(refusal("hidden_act", "silu").message(), HasSubstr("\"silu\""));
  EXPECT_THAT(refusal("layer_types", {"sliding_attention", "chunked_attention"}).message(),
              AllOf(HasSubstr("\"chunked_attention\""), HasSubstr("full_attention")));
  EXPECT_THAT(refusal("layer_types", {"full_attention"}).message(),
              AllOf(HasSubstr("1 entries"), HasSubstr("2 layers")));
  EXPECT_THAT(refusal("layer_types", {1, 2}).message(), HasSubstr("layer_types holds 1"));
  EXPECT_THAT(refusal("layer_types", "full_attention").message(), HasSubstr("layer_types is no list"));
  EXPECT_THAT(refusal("sliding_window", 0).message(), HasSubstr("sliding_window is 0"));
  EXPECT_THAT(refusal("sliding_window_pattern", 0).message(), HasSubstr("sliding_window_pattern is 0"));
  EXPECT_THAT(refusal("query_pre_attn_scalar", 0).message(), HasSubstr("query_pre_attn_scalar"));
  EXPECT_THAT(refusal("rope_local_base_freq", 1).message(), HasSubstr("rope_local_base_freq"));
  EXPECT_THAT(refusal("rope_parameters", {{"sliding_attention", {{"rope_type", "linear"}, {"factor", 2.0}}}})
                  .message(),
              HasSubstr("sliding_attention"));
  Checkpoint without(kModel);
  without.tensors.erase("model.layers.1.post_feedforward_layernorm.weight");
  EXPECT_THAT(refusal(without).message(),
              HasSubstr("no tensor model.layers.1.post_feedforward_layernorm.weight"));
}

/// The model of a checkpoint as llama.cpp's converter writes it, the window's keys apart.
void write_gguf(GgufWriter& writer, const Checkpoint& checkpoint, std::uint32_t context = 4096) {
  writer.text("general.architecture", "gemma3");
  writer.count("gemma3.context_length", context);
  writer.count("gemma3.block_count", Checkpoint::kLayers);
  writer.count("gemma3.embedding_length", Checkpoint::kHidden);
  writer.count("gemma3.feed_forward_length", Checkpoint::kIntermediate);
  writer.count("gemma3.attention.head_count", Checkpoint::kHeads);
  writer.count("gemma3.attention.head_count_kv", Checkpoint::kKvHeads);
  writer.count("gemma3.attention.key_length", Checkpoint::kHeadDim);
  writer.number("gemma3.attention.layer_norm_rms_epsilon", 0x1p-20F);
  std::vector<std::string> tokens = {"<pad>", "<eos>", "<bos>", "<unk>", "<end_of_turn>"};
  std::vector<std::int32_t> types = {3, 3, 3, 2, 4};
  while (tokens.size() < Checkpoint::kVocabulary) {
    tokens.push_back("t" + std::to_string(tokens.size()));
    types.push_back(1);
  }
  writer.text("tokenizer.ggml.model", "llama");
  writer.texts("tokenizer.ggml.tokens", tokens);
  writer.integers("tokenizer.ggml.token_type", types);
  writer.numbers("tokenizer.ggml.scores", std::vector<float>(tokens.size(), 0.0F));
  writer.count("tokenizer.ggml.eos_token_id", 1);
  writer.count("tokenizer.ggml.bos_token_id", 2);
  writer.count("tokenizer.ggml.unknown_token_id", 3);
  writer.flag("tokenizer.ggml.add_space_prefix", false);
  for (const auto& [name, tensor] : checkpoint.tensors) {
    const bool gain = name.ends_with("norm.weight");
    writer.tensor(gguf_tensor_name(name, true), {tensor.shape.rbegin(), tensor.shape.rend()},
                  gain ? from_one(checkpoint, name) : tensor.values);
  }
}

TEST_F(Gemma3Test, IsTheSameAsGguf) {
  Checkpoint checkpoint(kModel);
  checkpoint.config["query_pre_attn_scalar"] = Checkpoint::kHeadDim;
  checkpoint.config["rms_norm_eps"] = 0x1p-20;  // the same in f32
  checkpoint.config["rope_scaling"] = {{"rope_type", "linear"}, {"factor", 8.0}};
  const fs::path expected = compiled(checkpoint, "checkpoint");
  GgufWriter writer;
  write_gguf(writer, checkpoint);
  writer.count("gemma3.attention.sliding_window", 512);
  writer.count("gemma3.attention.sliding_window_pattern", 2);
  writer.text("gemma3.rope.scaling.type", "linear");
  writer.number("gemma3.rope.scaling.factor", 8);
  writer.write(gguf());
  compile(options(gguf(), "gguf"));
  expect_same_models(expected, folder_.path() / "gguf");
  const auto package = model::Package::open(folder_.path() / "gguf");
  EXPECT_TRUE(package->tokenizer().is_eos(1));
  EXPECT_TRUE(package->tokenizer().is_eos(4)) << "a turn ends with another token";
  EXPECT_FALSE(package->tokenizer().is_eos(2));
}

TEST_F(Gemma3Test, KnowsTheKeysOfGgufFiles) {
  const Checkpoint checkpoint(kModel);
  const auto config = [&](const std::function<void(GgufWriter&)>& add, std::uint32_t context = 4096) {
    GgufWriter writer;
    write_gguf(writer, checkpoint, context);
    writer.count("gemma3.attention.sliding_window", 64);
    add(writer);
    writer.write(gguf());
    return read_gguf_config(GgufFile(gguf()), 2048);
  };
  const DecoderConfig plain = config([](GgufWriter&) {});
  EXPECT_EQ(plain.window, 64U);
  EXPECT_EQ(plain.local_layers, (std::vector<bool>{true, true}));
  EXPECT_FLOAT_EQ(plain.rope_inv_freq.at(2), 1e-3F);
  EXPECT_FLOAT_EQ(plain.local_rope_inv_freq.at(2), 1e-2F);
  EXPECT_FALSE(plain.gains_from_one);
  const DecoderConfig keys = config([](GgufWriter& writer) {
    writer.integers("gemma3.attention.sliding_window_pattern", {0, 1});
    writer.number("gemma3.rope.freq_base", 1e4F);
    writer.number("gemma3.rope.freq_base_swa", 1e2F);
  });
  EXPECT_EQ(keys.local_layers, (std::vector<bool>{false, true}));
  EXPECT_FLOAT_EQ(keys.rope_inv_freq.at(2), 1e-2F);
  EXPECT_FLOAT_EQ(keys.local_rope_inv_freq.at(2), 1e-1F);
  const DecoderConfig ollama = config([](GgufWriter& writer) {
    writer.number("gemma3.rope.global.freq_base", 1e4F);
    writer.number("gemma3.rope.local.freq_base", 1e2F);
  });
  EXPECT_FLOAT_EQ(ollama.rope_inv_freq.at(2), 1e-2F);
  EXPECT_FLOAT_EQ(ollama.local_rope_inv_freq.at(2), 1e-1F);
  const DecoderConfig large = config([](GgufWriter&) {}, 131072);
  EXPECT_FLOAT_EQ(large.rope_inv_freq.at(0), 0.125F) << "what the files of large models leave out";
  EXPECT_FLOAT_EQ(large.local_rope_inv_freq.at(0), 1.0F);
}

TEST_F(Gemma3Test, NamesWhatIsWrongWithAGgufFile) {
  const Checkpoint checkpoint(kModel);
  const auto refused = [&](const std::function<void(GgufWriter&)>& add) {
    GgufWriter writer;
    write_gguf(writer, checkpoint);
    add(writer);
    writer.write(gguf());
    return refusal_of(gguf()).message();
  };
  const auto window = [](GgufWriter& writer) { writer.count("gemma3.attention.sliding_window", 64); };
  EXPECT_THAT(refused([](GgufWriter&) {}), HasSubstr("gemma3.attention.sliding_window is missing or 0"));
  EXPECT_THAT(refused([&](GgufWriter& writer) {
                window(writer);
                writer.number("gemma3.final_logit_softcapping", 30);
              }),
              HasSubstr("gemma3.final_logit_softcapping is not supported"));
  EXPECT_THAT(refused([&](GgufWriter& writer) {
                window(writer);
                writer.integers("gemma3.attention.sliding_window_pattern", {1, 1, 0});
              }),
              AllOf(HasSubstr("3 entries"), HasSubstr("2 layers")));
  EXPECT_THAT(refused([&](GgufWriter& writer) {
                window(writer);
                writer.count("gemma3.attention.sliding_window_pattern", 0);
              }),
              HasSubstr("sliding_window_pattern is 0"));
  EXPECT_THAT(refused([&](GgufWriter& writer) {
                window(writer);
                writer.number("gemma3.rope.freq_base_swa", 1);
              }),
              HasSubstr("rope.freq_base_swa"));
}

}  // namespace
}  // namespace axllama::compiler
