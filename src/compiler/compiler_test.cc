#include "compiler/compiler.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/bfloat16.h"
#include "base/error.h"
#include "base/safetensors.h"
#include "compiler/testing/checkpoint_folder.h"
#include "compiler/testing/packed_weights.h"
#include "model/package.h"
#include "tests/paths.h"
#include "text/chat_template.h"

namespace axllama::compiler {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using ::testing::AllOf;
using testing::Checkpoint;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kind_of;
using testing::TemporaryFolder;
using testing::weights_of;

template <typename Element>
std::vector<Element> values_of(const base::SafetensorsView& view) {
  std::vector<Element> values(view.data.size() / sizeof(Element));
  std::memcpy(values.data(), view.data.data(), view.data.size());
  return values;
}

class CompilerTest : public ::testing::Test {
 protected:
  CompileOptions options(const std::string& weight_type = "bf16") const {
    CompileOptions options;
    options.source = folder_.path() / "source";
    options.output = folder_.path() / "package";
    options.weight_type = weight_type;
    return options;
  }

  Error refusal(const CompileOptions& options) const {
    try {
      compile(options);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "it compiled";
    return {ErrorCode::kInternal, ""};
  }

  base::SafetensorsFile layer(std::size_t index, const std::string& architecture = "qwen3") const {
    return base::SafetensorsFile(folder_.path() / "package" /
                                 (architecture + "_p128_l" + std::to_string(index) + "_together.axmodel"));
  }

  std::vector<std::string> names(const fs::path& folder) const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder))
      found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
  }

  TemporaryFolder folder_;
};

TEST_F(CompilerTest, MakesAPackageWithVendorsNames) {
  Checkpoint().write(options().source);
  const CompileSummary summary = compile(options());
  EXPECT_EQ(summary.layers, 2U);
  EXPECT_EQ(summary.context, 2048U);
  EXPECT_THAT(names(options().output),
              ElementsAre("chat_template.jinja", "config.json", "generation_config.json",
                          "model.embed_tokens.weight.bfloat16.bin", "qwen3_p128_l0_together.axmodel",
                          "qwen3_p128_l1_together.axmodel", "qwen3_post.axmodel", "tokenizer.json",
                          "tokenizer_config.json"));
  EXPECT_THAT(names(folder_.path()), ElementsAre("package", "source"));
}

TEST_F(CompilerTest, MakesAPackageTheModelRoomOpens) {
  Checkpoint().write(options().source);
  const CompileSummary summary = compile(options("s8"));
  const auto package = model::Package::open(options().output);
  EXPECT_EQ(package->architecture(), "qwen3");
  EXPECT_EQ(package->weight_type(), "s8");
  EXPECT_EQ(package->layer_count(), 2U);
  EXPECT_EQ(package->hidden_size(), 32U);
  EXPECT_EQ(package->vocabulary_size(), 320U);
  EXPECT_EQ(package->context_length(), 2048U);
  EXPECT_EQ(package->parameter_count(), summary.parameters);
  EXPECT_EQ(package->bytes_on_disk(), summary.bytes);
  EXPECT_EQ(package->sampling_defaults().temperature, 0.6);
  EXPECT_EQ(package->sampling_defaults().top_k, 20);
  EXPECT_EQ(package->chat_template().source(), "{{ messages[0].content }}");
}

TEST_F(CompilerTest, CountsParameters) {
  const Checkpoint checkpoint;
  std::uint64_t count = 0;
  for (const auto& [name, tensor] : checkpoint.tensors) count += tensor.values.size();
  checkpoint.write(options().source);
  EXPECT_EQ(compile(options()).parameters, count);
}

TEST_F(CompilerTest, KeepsBf16WeightsBitForBit) {
  Checkpoint checkpoint;
  checkpoint.write(options().source);
  compile(options());
  const base::SafetensorsFile file = layer(1);
  const auto& source = checkpoint.tensors.at("model.layers.1.self_attn.q_proj.weight");
  EXPECT_EQ(file.tensor("q_proj").dtype, "U8");
  EXPECT_THAT(file.tensor("q_proj").shape, ElementsAre(1, 64 * 32 * 2));
  EXPECT_EQ(kind_of(file, "q_proj"), "bf16");
  EXPECT_EQ(weights_of(file, "q_proj", 32, 32), source.values);
  EXPECT_EQ(values_of<float>(file.tensor("attn_norm")),
            checkpoint.tensors.at("model.layers.1.input_layernorm.weight").values);
  EXPECT_EQ(values_of<float>(file.tensor("mlp_norm")),
            checkpoint.tensors.at("model.layers.1.post_attention_layernorm.weight").values);
  EXPECT_EQ(values_of<float>(file.tensor("k_norm")),
            checkpoint.tensors.at("model.layers.1.self_attn.k_norm.weight").values);
  const auto frequencies = values_of<float>(file.tensor("rope_inv_freq"));
  ASSERT_EQ(frequencies.size(), 4U);
  EXPECT_FLOAT_EQ(frequencies[0], 1.0F);
  EXPECT_FLOAT_EQ(frequencies[1], 0.1F);
  EXPECT_FLOAT_EQ(frequencies[3], 0.001F);

  const auto package = model::Package::open(options().output);
  const auto& table = checkpoint.tensors.at("model.embed_tokens.weight").values;
  for (const text::TokenId token : {0, 7, 319}) {
    const auto row = package->embedding(token);
    for (std::size_t i = 0; i < row.size(); ++i) {
      EXPECT_EQ(base::bf16_to_f32(row[i]), table[static_cast<std::size_t>(token) * row.size() + i]);
    }
  }
}

TEST_F(CompilerTest, QuantisesS8SymmetricallyPerRow) {
  Checkpoint checkpoint;
  auto& weights = checkpoint.tensors.at("model.layers.0.mlp.gate_proj.weight");
  // Row 0: the largest value is 127, so the scale is 1; halves go to the even neighbour.
  std::vector<float> row = {127.0F, -127.0F, 0.5F, 1.5F, 2.5F, -0.5F, -1.5F, 126.5F, 0.0F, 3.0F};
  row.resize(32, 0.0F);
  std::copy(row.begin(), row.end(), weights.values.begin());
  // Row 1: nothing but zeros.
  std::fill_n(weights.values.begin() + 32, 32, 0.0F);
  // Row 2: the largest value is negative.
  std::fill_n(weights.values.begin() + 64, 32, 0.25F);
  weights.values[64] = -2.0F;
  weights.dtype = "F32";
  checkpoint.write(options().source);
  compile(options("s8"));

  const base::SafetensorsFile file = layer(0);
  const std::vector<float> gate = weights_of(file, "gate_proj", 48, 32);
  EXPECT_THAT(std::vector<float>(gate.begin(), gate.begin() + 10),
              ElementsAre(127, -127, 0, 2, 2, 0, -2, 126, 0, 3));
  EXPECT_EQ(std::count(gate.begin() + 32, gate.begin() + 64, 0.0F), 32);
  EXPECT_FLOAT_EQ(gate[64], -2.0F);
  EXPECT_FLOAT_EQ(gate[65], 16 * 2.0F / 127.0F);
  // Every weight is within half a step of its quantised value.
  const auto& source = checkpoint.tensors.at("model.layers.0.mlp.up_proj.weight").values;
  const std::vector<float> up = weights_of(file, "up_proj", 48, 32);
  for (std::size_t first = 0; first < source.size(); first += 32) {
    float largest = 0;
    for (std::size_t i = first; i < first + 32; ++i) largest = std::max(largest, std::abs(source[i]));
    for (std::size_t i = first; i < first + 32; ++i) {
      EXPECT_LE(std::abs(source[i] - up[i]), largest / 127.0F * 0.5001F);
    }
  }
  const base::SafetensorsFile head(options().output / "qwen3_post.axmodel");
  EXPECT_EQ(kind_of(head, "lm_head"), "s8");
}

TEST_F(CompilerTest, QuantisesGroupsOfColumns) {
  Checkpoint checkpoint;
  auto& weights =
      checkpoint.tensors.at("model.layers.0.mlp.down_proj.weight");  // [32, 48]: a group is cut short
  std::fill_n(weights.values.begin(), 48, 0.0F);
  weights.values[0] = -4.0F;  // -8 * 0.5, and the rest fits too
  weights.values[1] = 3.5F;
  weights.values[2] = 1.0F;
  weights.values[32] = 127.0F;
  checkpoint.write(options().source);
  // What a group may lose on average: rounding by half a step of 1/127 or 1/8 of its largest value at most.
  for (const auto& [type, kind, loss] :
       {std::tuple{"s8_g32", "s8_g32", 0.01}, {"s4", "s4_g32", 0.15}, {"s4_g128", "s4_g128", 0.2}}) {
    CompileOptions again = options(type);
    again.force = true;
    compile(again);
    const base::SafetensorsFile file = layer(0);
    EXPECT_EQ(kind_of(file, "down_proj"), kind);
    const std::vector<float> down = weights_of(file, "down_proj", 32, 48);
    ASSERT_EQ(down.size(), weights.values.size());
    if (kind == std::string("s4_g32")) {
      EXPECT_EQ(std::vector<float>(down.begin(), down.begin() + 4), (std::vector<float>{-4, 3.5, 1, 0}));
      EXPECT_FLOAT_EQ(down[32], 127);
    }
    double errors = 0;
    double squares = 0;
    for (std::size_t i = 48; i < down.size(); ++i) {
      errors += std::pow(down[i] - weights.values[i], 2.0);
      squares += std::pow(weights.values[i], 2.0);
    }
    EXPECT_LT(std::sqrt(errors), loss * std::sqrt(squares)) << type;
    EXPECT_EQ(model::Package::open(options().output)->weight_type(), std::string(kind).substr(0, 2));
  }
}

TEST_F(CompilerTest, KeepsFloatTypesWhenAsked) {
  Checkpoint checkpoint;
  checkpoint.tensors.at("model.layers.0.mlp.up_proj.weight").dtype = "F32";
  checkpoint.tensors.at("model.layers.0.mlp.gate_proj.weight").dtype = "F16";
  checkpoint.tensors.at("model.layers.0.mlp.up_proj.weight").values[3] = 0.1F;
  checkpoint.write(options().source);
  compile(options("source"));
  EXPECT_EQ(kind_of(layer(0), "up_proj"), "f32");
  EXPECT_EQ(kind_of(layer(0), "gate_proj"), "f16");
  EXPECT_EQ(kind_of(layer(0), "down_proj"), "bf16");
  for (const char* name : {"up_proj", "gate_proj"}) {
    EXPECT_EQ(weights_of(layer(0), name, 48, 32),
              checkpoint.tensors.at("model.layers.0.mlp." + std::string(name) + ".weight").values);
  }
}

TEST_F(CompilerTest, ReadsEveryFloatType) {
  for (const char* dtype : {"F32", "F16", "BF16"}) {
    Checkpoint checkpoint;
    for (auto& [name, tensor] : checkpoint.tensors) tensor.dtype = dtype;
    checkpoint.write(options().source);
    CompileOptions again = options();
    again.force = true;
    compile(again);
    EXPECT_EQ(weights_of(layer(0), "down_proj", 32, 48),
              checkpoint.tensors.at("model.layers.0.mlp.down_proj.weight").values);
  }
}

TEST_F(CompilerTest, ReadsShardedCheckpoints) {
  const Checkpoint checkpoint;
  checkpoint.write_sharded(options().source);
  compile(options());
  EXPECT_EQ(weights_of(layer(1), "v_proj", 16, 32),
            checkpoint.tensors.at("model.layers.1.self_attn.v_proj.weight").values);
}

TEST_F(CompilerTest, DescribesTheLayerProgram) {
  Checkpoint().write(options().source);
  compile(options());
  const base::SafetensorsFile file = layer(0);
  EXPECT_EQ(file.metadata().at("axllama.softcard"), "2");
  EXPECT_EQ(file.metadata().at("axllama.program"), "layer");
  const auto config = nlohmann::json::parse(file.metadata().at("axllama.config"));
  EXPECT_EQ(config.at("heads"), 4);
  EXPECT_EQ(config.at("kv_heads"), 2);
  EXPECT_EQ(config.at("head_dim"), 8);
  EXPECT_EQ(config.at("qk_norm"), true);
  EXPECT_EQ(config.at("weights"), "bf16");
  EXPECT_EQ(config.at("groups").at(0), (nlohmann::json{{"kind", "decode"}, {"slots", 2048}}));
  std::vector<std::size_t> histories;
  for (const auto& group : config.at("groups")) {
    if (group.at("kind") != "prefill") continue;
    EXPECT_EQ(group.at("rows"), 128);
    histories.push_back(group.at("history"));
  }
  EXPECT_THAT(histories, ElementsAre(0, 128, 256, 512, 1024, 1536, 2048));
}

TEST_F(CompilerTest, HonoursContextAndPrefillOptions) {
  Checkpoint checkpoint;
  checkpoint.config["max_position_embeddings"] = 1000;
  checkpoint.write(options().source);
  CompileOptions narrow = options();
  narrow.prefill_step_size = 64;
  narrow.prefill_len = 256;
  EXPECT_EQ(compile(narrow).context, 1000U);
  const base::SafetensorsFile file(options().output / "qwen3_p64_l0_together.axmodel");
  const auto groups = nlohmann::json::parse(file.metadata().at("axllama.config")).at("groups");
  EXPECT_EQ(groups.at(0).at("slots"), 1000);
  EXPECT_EQ(groups.back(), (nlohmann::json{{"kind", "prefill"}, {"rows", 64}, {"history", 256}}));
}

TEST_F(CompilerTest, CarriesQwen2sBiasesAndItsOwnHead) {
  const Checkpoint checkpoint("qwen2");
  checkpoint.write(options().source);
  compile(options());
  const base::SafetensorsFile file = layer(1, "qwen2");
  EXPECT_EQ(values_of<float>(file.tensor("k_proj.bias")),
            checkpoint.tensors.at("model.layers.1.self_attn.k_proj.bias").values);
  EXPECT_FALSE(file.tensors().contains("q_norm"));
  const base::SafetensorsFile head(options().output / "qwen2_post.axmodel");
  EXPECT_EQ(weights_of(head, "lm_head", 320, 32), checkpoint.tensors.at("lm_head.weight").values);
}

TEST_F(CompilerTest, ScalesLlama3sFrequencies) {
  Checkpoint checkpoint("llama");
  checkpoint.config["rope_theta"] = 500000.0;
  checkpoint.config["rope_scaling"] = {{"rope_type", "llama3"},
                                       {"factor", 32.0},
                                       {"low_freq_factor", 1.0},
                                       {"high_freq_factor", 4.0},
                                       {"original_max_position_embeddings", 8192}};
  checkpoint.write(options().source);
  compile(options());
  const auto scaled = values_of<float>(layer(0, "llama").tensor("rope_inv_freq"));
  // Wavelengths 2*pi*theta^(i/4): 6.3, 167, 4443, 118142. Below 8192/4 kept, above 8192/1 stretched, between
  // blended: smooth = (8192/4443 - 1) / 3 = 0.2813; factor = 0.7187/32 + 0.2813 = 0.30374.
  ASSERT_EQ(scaled.size(), 4U);
  EXPECT_FLOAT_EQ(scaled[0], 1.0F);
  EXPECT_NEAR(scaled[1], std::pow(500000.0, -0.25), 1e-8);
  EXPECT_NEAR(scaled[2], std::pow(500000.0, -0.5) * 0.30374, 1e-7);
  EXPECT_NEAR(scaled[3], std::pow(500000.0, -0.75) / 32.0, 1e-10);
}

TEST_F(CompilerTest, ReportsProgressFileByFile) {
  Checkpoint().write(options().source);
  std::vector<std::size_t> done;
  compile(options(), [&](std::size_t count, std::size_t total) {
    EXPECT_EQ(total, 4U);
    done.push_back(count);
  });
  EXPECT_THAT(done, ElementsAre(1, 2, 3, 4));
}

TEST_F(CompilerTest, NamesTheOffendingTensor) {
  const std::string name = "model.layers.1.mlp.up_proj.weight";
  Checkpoint missing;
  missing.tensors.erase(name);
  missing.write(options().source);
  EXPECT_THAT(refusal(options()).message(), HasSubstr("no tensor " + name));

  Checkpoint reshaped;
  reshaped.add(name, {Checkpoint::kIntermediate, Checkpoint::kHidden + 1});
  reshaped.write(options().source);
  EXPECT_THAT(refusal(options()).message(),
              AllOf(HasSubstr(name), HasSubstr("[48, 33]"), HasSubstr("[48, 32]")));

  Checkpoint retyped;
  retyped.tensors.at(name).dtype = "I8";
  retyped.write(options().source);
  EXPECT_THAT(refusal(options()).message(),
              AllOf(HasSubstr(name), HasSubstr("I8"), HasSubstr("F32, F16 or BF16")));

  Checkpoint infinite;
  infinite.tensors.at(name).values[40] = std::numeric_limits<float>::infinity();
  infinite.write(options().source);
  EXPECT_THAT(refusal(options()).message(), AllOf(HasSubstr(name), HasSubstr("not finite")));
}

TEST_F(CompilerTest, NamesAMissingShard) {
  Checkpoint().write_sharded(options().source);
  fs::remove(options().source / "model-00002-of-00002.safetensors");
  const Error error = refusal(options());
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_THAT(error.message(), HasSubstr("model-00002-of-00002.safetensors"));
}

TEST_F(CompilerTest, LeavesNothingBehindWhenItFails) {
  Checkpoint checkpoint;
  checkpoint.tensors.erase("model.norm.weight");
  checkpoint.write(options().source);
  refusal(options());
  EXPECT_THAT(names(folder_.path()), ElementsAre("source"));
}

TEST_F(CompilerTest, RefusesArchitecturesItDoesNotKnow) {
  Checkpoint checkpoint;
  checkpoint.config["model_type"] = "mamba";
  checkpoint.write(options().source);
  const Error error = refusal(options());
  EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  EXPECT_THAT(error.message(), AllOf(HasSubstr("\"mamba\""), HasSubstr("qwen3, qwen2")));
}

TEST_F(CompilerTest, RefusesWhatItWouldCompileWrongly) {
  const auto refused = [&](const std::string& key, const nlohmann::json& value) {
    Checkpoint checkpoint;
    checkpoint.config[key] = value;
    checkpoint.write(options().source);
    return refusal(options()).message();
  };
  EXPECT_THAT(refused("hidden_act", "gelu"), HasSubstr("\"gelu\""));
  EXPECT_THAT(refused("rope_scaling", {{"rope_type", "yarn"}, {"factor", 4.0}}), HasSubstr("\"yarn\""));
  EXPECT_THAT(refused("use_sliding_window", true), HasSubstr("use_sliding_window"));
  EXPECT_THAT(refused("attention_bias", true), HasSubstr("attention_bias"));
  EXPECT_THAT(refused("num_key_value_heads", 3), AllOf(HasSubstr("4"), HasSubstr("3")));
  EXPECT_THAT(refused("head_dim", 7), HasSubstr("head_dim 7"));
  EXPECT_THAT(refused("hidden_size", nullptr), HasSubstr("hidden_size"));
  EXPECT_THAT(refused("hidden_size", -1), HasSubstr("hidden_size"));
}

TEST_F(CompilerTest, RefusesOptionsThatCannotBe) {
  Checkpoint().write(options().source);
  CompileOptions wrong = options("s3");
  EXPECT_THAT(refusal(wrong).message(), HasSubstr("\"s3\""));
  wrong = options();
  wrong.max_context = 4;
  EXPECT_THAT(refusal(wrong).message(), HasSubstr("context of 4"));
  wrong = options();
  wrong.prefill_step_size = 4096;
  EXPECT_THAT(refusal(wrong).message(), AllOf(HasSubstr("4096"), HasSubstr("2048")));
}

TEST_F(CompilerTest, ReplacesItsOwnPackagesOnlyWhenForced) {
  Checkpoint().write(options().source);
  compile(options());
  EXPECT_THAT(refusal(options()).message(), HasSubstr("--force"));
  CompileOptions forced = options("s8");
  forced.force = true;
  compile(forced);
  EXPECT_EQ(model::Package::open(options().output)->weight_type(), "s8");
  EXPECT_THAT(names(folder_.path()), ElementsAre("package", "source"));
}

TEST_F(CompilerTest, NeverReplacesWhatItDidNotMake) {
  Checkpoint().write(options().source);
  CompileOptions forced = options();
  forced.force = true;
  // A vendor's package has layer files too, but not our configuration.
  for (const char* file : {"precious.txt", "qwen3_post.axmodel"}) {
    fs::remove_all(forced.output);
    fs::create_directories(forced.output);
    std::ofstream(forced.output / file) << "content";
    EXPECT_THAT(refusal(forced).message(), HasSubstr("is left alone"));
    EXPECT_TRUE(fs::exists(forced.output / file));
  }
}

TEST_F(CompilerTest, MakesRandomPackagesThatOpenAndRepeat) {
  CompileOptions random = options();
  random.random_shape = "tiny-36";
  random.source.clear();
  EXPECT_EQ(compile(random).layers, 36U);
  const auto package = model::Package::open(random.output);
  EXPECT_EQ(package->layer_count(), 36U);
  EXPECT_EQ(package->hidden_size(), 64U);
  const auto first = values_of<std::byte>(layer(35).tensor("o_proj"));
  random.force = true;
  compile(random);
  EXPECT_EQ(values_of<std::byte>(layer(35).tensor("o_proj")), first);
  random.seed = 2;
  compile(random);
  EXPECT_NE(values_of<std::byte>(layer(35).tensor("o_proj")), first);
  random.random_shape = "huge";
  EXPECT_THAT(refusal(random).message(), AllOf(HasSubstr("huge"), HasSubstr("Qwen3-0.6B")));
}

/// The files of sentence-transformers beside a checkpoint.
void write_pooling(const fs::path& folder, const nlohmann::json& pooling,
                   const std::string& last = "Normalize") {
  nlohmann::json modules = nlohmann::json::array();
  for (const auto& [path, type] : {std::pair<std::string, std::string>{"", "Transformer"},
                                   {"1_Pooling", "Pooling"},
                                   {"2_" + last, last}}) {
    modules.push_back({{"path", path}, {"type", "sentence_transformers.models." + type}});
  }
  fs::create_directories(folder / "1_Pooling");
  std::ofstream(folder / "modules.json") << modules;
  std::ofstream(folder / "1_Pooling/config.json") << pooling;
}

TEST_F(CompilerTest, CarriesPoolingOver) {
  Checkpoint().write(options().source);
  CompileOptions forced = options();
  forced.force = true;
  const auto compiled = [&] {
    compile(forced);
    return model::Package::open(forced.output);
  };
  EXPECT_EQ(compiled()->purpose(), model::Purpose::kText);
  write_pooling(forced.source, {{"pooling_mode_lasttoken", true}, {"pooling_mode_mean_tokens", false}});
  EXPECT_EQ(compiled()->purpose(), model::Purpose::kEmbedding);
  EXPECT_EQ(compiled()->pooling(), model::Pooling::kLast);
  write_pooling(forced.source, {{"pooling_mode_mean_tokens", true}});
  EXPECT_EQ(compiled()->pooling(), model::Pooling::kMean);
  write_pooling(forced.source, {{"pooling_mode", "lasttoken"}});
  EXPECT_EQ(compiled()->pooling(), model::Pooling::kLast);
  EXPECT_EQ(compile(forced).purpose, model::Purpose::kEmbedding);
  forced.pooling = model::Pooling::kMean;
  EXPECT_EQ(compiled()->pooling(), model::Pooling::kMean);
  fs::remove(forced.source / "modules.json");
  EXPECT_EQ(compiled()->purpose(), model::Purpose::kText);
  forced.purpose = model::Purpose::kEmbedding;
  EXPECT_EQ(compiled()->purpose(), model::Purpose::kEmbedding);
}

TEST_F(CompilerTest, RefusesOtherPooling) {
  Checkpoint().write(options().source);
  const auto message = [&](const nlohmann::json& pooling, const std::string& last = "Normalize") {
    write_pooling(options().source, pooling, last);
    const Error error = refusal(options());
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    return error.message();
  };
  EXPECT_THAT(
      message({{"pooling_mode_cls_token", true}}),
      AllOf(HasSubstr("1_Pooling/config.json"), HasSubstr("\"cls\""), HasSubstr("lasttoken and mean")));
  EXPECT_THAT(message({{"pooling_mode_mean_tokens", true}, {"pooling_mode_max_tokens", true}}),
              HasSubstr("mean and max"));
  EXPECT_THAT(message(nlohmann::json::object()), HasSubstr("no tokens"));
  EXPECT_THAT(message({{"pooling_mode_lasttoken", true}}, "Dense"), HasSubstr("models.Dense"));
  write_pooling(options().source, "text");
  EXPECT_EQ(refusal(options()).code(), ErrorCode::kInvalidArgument);
}

TEST_F(CompilerTest, ReadsEmbeddingCheckpointsWithoutPrefixAndHead) {
  Checkpoint with("qwen2");
  with.config["tie_word_embeddings"] = false;
  Checkpoint without = with;
  without.tensors.clear();
  for (const auto& [name, tensor] : with.tensors) {
    if (name != "lm_head.weight") without.tensors[name.substr(std::string("model.").size())] = tensor;
  }
  without.write(options().source);
  EXPECT_THAT(refusal(options()).message(), HasSubstr("lm_head.weight"));
  CompileOptions embedding = options();
  embedding.purpose = model::Purpose::kEmbedding;
  compile(embedding);
  const base::SafetensorsFile head(embedding.output / "qwen2_post.axmodel");
  EXPECT_EQ(head.tensor("norm").data.size(), Checkpoint::kHidden * sizeof(float));
  EXPECT_EQ(nlohmann::json::parse(head.metadata().at("axllama.config"))["ret_postnorm"], true);

  without.add("score.weight", {1, Checkpoint::kHidden});
  without.write(embedding.source);
  embedding.force = true;
  EXPECT_THAT(refusal(embedding).message(), AllOf(HasSubstr("score.weight"), HasSubstr("--rerank")));
}

TEST_F(CompilerTest, ARerankerMustHaveTheWordsByWhichItJudges) {
  Checkpoint().write(options().source);
  CompileOptions reranker = options();
  reranker.purpose = model::Purpose::kReranking;
  EXPECT_THAT(refusal(reranker).message(), HasSubstr("\"yes\" is no token"));
  EXPECT_FALSE(fs::exists(reranker.output));
  nlohmann::json tokenizer = nlohmann::json::parse(random_tokenizer_json(Checkpoint::kVocabulary));
  nlohmann::json& vocabulary = tokenizer["model"]["vocab"];
  vocabulary.erase("filler 256");
  vocabulary.erase("filler 257");
  vocabulary["yes"] = 256;
  vocabulary["no"] = 257;
  std::ofstream(reranker.source / "tokenizer.json") << tokenizer;
  compile(reranker);
  EXPECT_EQ(model::Package::open(reranker.output)->purpose(), model::Purpose::kReranking);
}

TEST(BundledModel, Compiles) {
  const TemporaryFolder folder;
  CompileOptions options;
  options.source = fs::path(AXLLAMA_SOURCE_DIR) / "models/tiny";
  options.output = folder.path() / "package";
  EXPECT_EQ(compile(options).context, 2048U);
  EXPECT_EQ(model::Package::open(options.output)->tokenizer().eos().empty(), false);
}

}  // namespace
}  // namespace axllama::compiler
