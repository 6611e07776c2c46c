#include "compiler/compiler.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "compiler/adapted_source.h"
#include "compiler/decoder_config.h"
#include "compiler/gguf_file.h"
#include "compiler/layer_files.h"
#include "compiler/origin.h"
#include "compiler/package_folder.h"

namespace axllama::compiler {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using nlohmann::ordered_json;

constexpr std::size_t kLeastContext = 16;
constexpr const char* kSource = "source";
constexpr const char* kEmbeddingFile = "model.embed_tokens.weight.bfloat16.bin";

/// Null for "source".
const softcard::WeightKind* choose_kind(const CompileOptions& options) {
  const std::vector<std::string> types = weight_types();
  std::string type = options.weight_type;
  if (type.empty())
    type = options.random_shape.empty() && GgufFile::looks_like(options.source) ? kSource : "s8";
  if (std::find(types.begin(), types.end(), type) == types.end()) {
    std::string known;
    for (const std::string& name : types) known += (known.empty() ? "" : ", ") + name;
    throw Error(ErrorCode::kInvalidArgument,
                "the weight type \"" + type + "\" is unknown; known are " + known);
  }
  return type == kSource ? nullptr : softcard::find_weight_kind(type == "s4" ? "s4_g32" : type);
}

/// What a package calls the kind that most of its weights have: families of the card's own, names of GGUF's.
std::string weight_type_name(const WeightCounts& counts) {
  const auto most = std::max_element(counts.begin(), counts.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  std::string name = most->first.substr(0, most->first.find("_g"));
  if (name.front() == 'q') name.front() = 'Q';
  if (name.back() == 'k') name.back() = 'K';
  return name;
}

ModelUse choose_use(const CompileOptions& options, const Origin& origin) {
  ModelUse use = origin.use();
  use.purpose = options.purpose.value_or(use.purpose);
  use.pooling = options.pooling.value_or(use.pooling);
  return use;
}

/// What a model without its language head is compiled with, or Error where that would be wrong.
bool has_own_head(const CompileOptions& options, const ModelUse& use, const WeightSource& weights) {
  if (weights.has("score.weight")) {
    throw Error(
        ErrorCode::kUnsupported,
        options.source.string() +
            ": a classification head (score.weight) is not supported; compile the language model that it "
            "was made from, a reranker with --rerank");
  }
  return use.purpose != model::Purpose::kEmbedding || weights.has("lm_head.weight");
}

PackagePlan make_plan(const CompileOptions& options, DecoderConfig config, const ModelUse& use) {
  PackagePlan plan;
  plan.use = use;
  plan.kind = choose_kind(options);
  plan.context = std::min(options.max_context, config.max_positions);
  if (plan.context < kLeastContext) {
    throw Error(ErrorCode::kInvalidArgument, "a context of " + std::to_string(plan.context) +
                                                 " tokens is too small; at least " +
                                                 std::to_string(kLeastContext) + " are needed");
  }
  if (options.prefill_step_size == 0 || options.prefill_step_size > plan.context) {
    throw Error(ErrorCode::kInvalidArgument,
                "a prefill step of " + std::to_string(options.prefill_step_size) +
                    " tokens does not fit a context of " + std::to_string(plan.context));
  }
  plan.chunk = options.prefill_step_size;
  const std::size_t prefill =
      options.prefill_len == 0 ? plan.context : std::min(options.prefill_len, plan.context);
  // A prompt may begin anywhere in the context, so the last group reads all of it.
  plan.histories = prefill_histories(plan.chunk, prefill + plan.chunk);
  if (options.post_topk > config.vocabulary) {
    throw Error(ErrorCode::kInvalidArgument, "the " + std::to_string(options.post_topk) +
                                                 " largest logits were asked for, but the model has " +
                                                 std::to_string(config.vocabulary));
  }
  if (options.post_topk == 0 && options.post_all_logits) {
    throw Error(ErrorCode::kInvalidArgument,
                "the whole row of logits besides the largest was asked for, but not how many of those");
  }
  plan.top_logits = options.post_topk;
  plan.all_logits = options.post_topk == 0 || options.post_all_logits;
  plan.config = std::move(config);
  return plan;
}

std::string package_config(const PackagePlan& plan, const std::string& weight_type,
                           const std::string& layer_pattern, const std::string& head) {
  const DecoderConfig& model = plan.config;
  ordered_json config{{"model_name", model.architecture},
                      {"tokenizer_type", model.architecture},
                      {"url_tokenizer_model", "tokenizer.json"},
                      {"template_filename_axmodel", layer_pattern},
                      {"axmodel_num", model.layers},
                      {"filename_post_axmodel", head},
                      {"filename_tokens_embed", kEmbeddingFile},
                      {"tokens_embed_num", model.vocabulary},
                      {"tokens_embed_size", model.hidden},
                      {"use_mmap_load_embed", true},
                      {"axllama",
                       {{"architecture", model.architecture},
                        {"weight_type", weight_type},
                        {"parameter_count", model.parameters()},
                        {"context_length", plan.context},
                        {"head_count", model.heads},
                        {"head_count_kv", model.kv_heads},
                        {"head_dim", model.head_dim},
                        {"feed_forward_length", model.intermediate}}}};
  if (plan.use.purpose == model::Purpose::kEmbedding) config["is_embedding"] = true;
  if (plan.use.purpose == model::Purpose::kReranking) config["is_reranker"] = true;
  if (plan.use.pooling == model::Pooling::kMean) config["pooling"] = "mean";
  return config.dump(2) + "\n";
}

std::uint64_t folder_bytes(const fs::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(folder)) bytes += entry.file_size();
  return bytes;
}

}  // namespace

std::vector<std::string> weight_types() {
  return {"bf16", "s8", "s8_g32", "s4", "s4_g32", "s4_g128", kSource};
}

CompileSummary compile(const CompileOptions& options, const CompileProgress& progress) {
  const std::unique_ptr<Origin> origin = open_origin(options);
  const ModelUse use = choose_use(options, *origin);
  PackagePlan plan = make_plan(options, origin->config(), use);
  plan.config.tied_embeddings = plan.config.tied_embeddings || !has_own_head(options, use, origin->weights());
  AdaptedSource weights(origin->weights(), plan.config);

  PackageFolder package(options.output, options.force);
  const fs::path& folder = package.path();
  origin->write_companions(package);

  const std::size_t files = plan.config.layers + 2;
  std::size_t done = 0;
  const auto step = [&] {
    ++done;
    if (progress) progress(done, files);
  };
  WeightCounts counts;
  const auto add = [&](const WeightCounts& more) {
    for (const auto& [kind, count] : more) counts[kind] += count;
  };
  const std::string stem = plan.config.architecture + "_p" + std::to_string(plan.chunk);
  for (std::size_t layer = 0; layer < plan.config.layers; ++layer) {
    add(write_layer_file(plan, weights, layer,
                         folder / (stem + "_l" + std::to_string(layer) + "_together.axmodel")));
    step();
  }
  const std::string head = plan.config.architecture + "_post.axmodel";
  add(write_head_file(plan, weights, folder / head));
  step();
  write_embedding_file(plan, weights, folder / kEmbeddingFile);
  step();
  const std::string weight_type = weight_type_name(counts);
  package.write_text("config.json", package_config(plan, weight_type, stem + "_l%d_together.axmodel", head));

  CompileSummary summary{plan.config.layers,   plan.config.parameters(),
                         folder_bytes(folder), plan.context,
                         weight_type,          use.purpose};
  // Whether "yes" and "no" are tokens shows when the package is opened.
  if (use.purpose == model::Purpose::kReranking) model::Package::open(folder);
  package.commit();
  return summary;
}

}  // namespace axllama::compiler
