#include "compiler/layer_files.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/bfloat16.h"
#include "base/error.h"
#include "compiler/weight_tensor.h"
#include "softcard/format.h"

namespace axllama::compiler {
namespace {

using nlohmann::json;

constexpr std::string_view kCompilerName = "axllama compile 1";
constexpr const char* kEmbedding = "model.embed_tokens.weight";

std::map<std::string, std::string> metadata(std::string_view program, const json& config) {
  return {{std::string(softcard::kFormatKey), std::string(softcard::kFormatVersion)},
          {std::string(softcard::kProgramKey), std::string(program)},
          {std::string(softcard::kConfigKey), config.dump()}};
}

std::string weights_name(const PackagePlan& plan) {
  return plan.kind == nullptr ? "source" : std::string(plan.kind->name);
}

json layer_config(const PackagePlan& plan, const TensorSet& tensors, std::size_t layer) {
  const DecoderConfig& model = plan.config;
  json groups = json::array({{{"kind", "decode"}, {"slots", plan.context}}});
  for (const std::size_t history : plan.histories) {
    groups.push_back({{"kind", "prefill"}, {"rows", plan.chunk}, {"history", history}});
  }
  json config{{"hidden", model.hidden},
              {"heads", model.heads},
              {"kv_heads", model.kv_heads},
              {"head_dim", model.head_dim},
              {"intermediate", model.intermediate},
              {"rms_eps", model.rms_eps},
              {"weights", weights_name(plan)},
              {softcard::kPackedField, tensors.packed()},
              {"qk_norm", model.qk_norm},
              {"activation", model.activation},
              {"compiler", kCompilerName},
              {"groups", groups}};
  if (model.is_local(layer)) config[softcard::kWindowField] = model.window;
  return config;
}

/// One frequency for each pair of a head; 0 for pairs that do not rotate.
std::vector<float> rope_of(const DecoderConfig& model, std::size_t layer) {
  std::vector<float> frequencies(model.head_dim / 2, 0.0F);
  const std::vector<float>& turning = model.is_local(layer) ? model.local_rope_inv_freq : model.rope_inv_freq;
  if (model.has_rope(layer)) std::copy(turning.begin(), turning.end(), frequencies.begin());
  return frequencies;
}

}  // namespace

std::vector<std::size_t> prefill_histories(std::size_t chunk, std::size_t prefill_len) {
  std::vector<std::size_t> histories{0};
  const std::size_t needed = prefill_len > chunk ? prefill_len - chunk : 0;
  while (histories.back() < needed) {
    const std::size_t last = histories.back();
    const std::size_t step = last < 2 * chunk ? chunk : last < 4 * chunk ? 2 * chunk : 4 * chunk;
    histories.push_back(std::min(last + step, needed));
  }
  return histories;
}

WeightCounts write_layer_file(const PackagePlan& plan, WeightSource& source, std::size_t layer,
                              const std::filesystem::path& file) {
  const DecoderConfig& model = plan.config;
  const std::string prefix = "model.layers." + std::to_string(layer) + ".";
  const std::string attention = prefix + "self_attn.";
  const std::size_t query = model.heads * model.head_dim;
  const std::size_t key = model.kv_heads * model.head_dim;

  TensorSet tensors(source, plan.kind);
  tensors.add_vector("attn_norm", prefix + "input_layernorm.weight", model.hidden);
  tensors.add_matrix("q_proj", attention + "q_proj.weight", query, model.hidden);
  tensors.add_matrix("k_proj", attention + "k_proj.weight", key, model.hidden);
  tensors.add_matrix("v_proj", attention + "v_proj.weight", key, model.hidden);
  tensors.add_matrix("o_proj", attention + "o_proj.weight", model.hidden, query);
  if (model.qkv_bias) {
    const std::string bias(softcard::kBiasSuffix);
    tensors.add_vector("q_proj" + bias, attention + "q_proj.bias", query);
    tensors.add_vector("k_proj" + bias, attention + "k_proj.bias", key);
    tensors.add_vector("v_proj" + bias, attention + "v_proj.bias", key);
  }
  if (model.qk_norm) {
    tensors.add_vector("q_norm", attention + "q_norm.weight", model.head_dim);
    tensors.add_vector("k_norm", attention + "k_norm.weight", model.head_dim);
  }
  if (model.post_norms) {
    tensors.add_vector("attn_post_norm", prefix + "post_attention_layernorm.weight", model.hidden);
    tensors.add_vector("mlp_norm", prefix + "pre_feedforward_layernorm.weight", model.hidden);
    tensors.add_vector("mlp_post_norm", prefix + "post_feedforward_layernorm.weight", model.hidden);
  } else {
    tensors.add_vector("mlp_norm", prefix + "post_attention_layernorm.weight", model.hidden);
  }
  tensors.add_matrix("gate_proj", prefix + "mlp.gate_proj.weight", model.intermediate, model.hidden);
  tensors.add_matrix("up_proj", prefix + "mlp.up_proj.weight", model.intermediate, model.hidden);
  tensors.add_matrix("down_proj", prefix + "mlp.down_proj.weight", model.hidden, model.intermediate);
  tensors.add_values("rope_inv_freq", rope_of(model, layer));
  tensors.write(file, metadata(softcard::kLayerProgram, layer_config(plan, tensors, layer)));
  return tensors.weights();
}

WeightCounts write_head_file(const PackagePlan& plan, WeightSource& source,
                             const std::filesystem::path& file) {
  const DecoderConfig& model = plan.config;
  TensorSet tensors(source, plan.kind);
  tensors.add_vector("norm", "model.norm.weight", model.hidden);
  tensors.add_matrix("lm_head", "lm_head.weight", model.vocabulary, model.hidden);
  json config{{"hidden", model.hidden},
              {"vocab", model.vocabulary},
              {"rms_eps", model.rms_eps},
              {"weights", weights_name(plan)},
              {softcard::kPackedField, tensors.packed()},
              {softcard::kReturnNormField, true},
              {"compiler", kCompilerName}};
  if (plan.top_logits > 0) {
    config[softcard::kTopCountField] = plan.top_logits;
    config[softcard::kAllLogitsField] = plan.all_logits;
  }
  tensors.write(file, metadata(softcard::kHeadProgram, config));
  return tensors.weights();
}

void write_embedding_file(const PackagePlan& plan, WeightSource& source, const std::filesystem::path& file) {
  const DecoderConfig& model = plan.config;
  std::ofstream out(file, std::ios::binary);
  std::vector<float> row(model.hidden);
  std::vector<base::Bf16> bits(model.hidden);
  for (std::size_t token = 0; token < model.vocabulary; ++token) {
    source.read_rows(kEmbedding, model.vocabulary, model.hidden, token, row);
    std::transform(row.begin(), row.end(), bits.begin(), base::f32_to_bf16);
    out.write(reinterpret_cast<const char*>(bits.data()),
              static_cast<std::streamsize>(bits.size() * sizeof(base::Bf16)));
  }
  if (!out.flush()) {
    throw base::Error(base::ErrorCode::kResourceExhausted,
                      "cannot write " + file.string() + ": is the disk full?");
  }
}

}  // namespace axllama::compiler
