#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/canary.h"
#include "cli/command.h"
#include "cli/human.h"
#include "cli/progress_bar.h"
#include "compiler/compiler.h"
#include "compiler/random_shapes.h"
#include "model/package.h"

namespace axllama::cli {
namespace {

void run_compile(const compiler::CompileOptions& options, bool with_canary) {
  compiler::CompileSummary summary;
  {
    ProgressBar progress("compiling", "files");
    summary = compiler::compile(
        options, [&progress](std::size_t done, std::size_t total) { progress.update(done, total); });
  }
  std::printf("%s: %zu layers, %.1f M parameters, %s, context %zu, %s\n", options.output.c_str(),
              summary.layers, static_cast<double>(summary.parameters) / 1e6, summary.weight_type.c_str(),
              summary.context, human_bytes(summary.bytes).c_str());
  if (with_canary) add_canary(options.output, summary.bytes);
}

std::string known_shapes() {
  std::string names;
  for (const std::string& name : compiler::random_shapes()) names += (names.empty() ? "" : ", ") + name;
  return names;
}

std::string weight_types() {
  std::string names;
  for (const std::string& name : compiler::weight_types()) names += (names.empty() ? "" : ", ") + name;
  return names;
}

}  // namespace

void add_compile(CLI::App& app) {
  auto options = std::make_shared<compiler::CompileOptions>();
  CLI::App* command =
      app.add_subcommand("compile", "Make a model package for the software card from a checkpoint");
  CLI::Option* source = command->add_option(
      "SOURCE", options->source, "Hugging Face folder (config.json, *.safetensors, tokenizer) or GGUF file");
  command->add_option("-o,--output", options->output, "Package folder to make")->required();
  command
      ->add_option("--random", options->random_shape, "Random weights in a shape instead: " + known_shapes())
      ->excludes(source);
  command->add_option("-w,--weight_type", options->weight_type, weight_types())
      ->default_str("source for GGUF files, else s8");
  command->add_option("--max_context", options->max_context, "Tokens of context")->capture_default_str();
  command->add_option("--prefill_step_size", options->prefill_step_size, "Rows of a prefill chunk")
      ->capture_default_str();
  command
      ->add_option("--prefill_len", options->prefill_len,
                   "Longest prompt the prefill groups take; 0: the context")
      ->capture_default_str();
  command->add_option("--post_topk", options->post_topk,
                      "The head gives so many of the largest logits instead of all; 0: all");
  command->add_flag("--post_all_logits", options->post_all_logits,
                    "With --post_topk: the head gives all as well, for requests that need them");
  command->add_option("--seed", options->seed, "Seed of random weights")->capture_default_str();
  const std::map<std::string, model::Pooling> poolings{{"last", model::Pooling::kLast},
                                                       {"mean", model::Pooling::kMean}};
  CLI::Option* embedding = command->add_flag_callback(
      "--embedding", [options] { options->purpose = model::Purpose::kEmbedding; },
      "The model embeds texts (known of sentence-transformers' folders and GGUF files with a pooling type)");
  command
      ->add_flag_callback(
          "--rerank", [options] { options->purpose = model::Purpose::kReranking; },
          "The model judges by yes and no whether a document answers a query, as Qwen3-Reranker does")
      ->excludes(embedding);
  command
      ->add_option_function<model::Pooling>(
          "--pooling", [options](const model::Pooling& pooling) { options->pooling = pooling; },
          "Whose hidden states make up an embedding: last or mean")
      ->transform(CLI::CheckedTransformer(poolings))
      ->default_str("what the source says, else last");
  command->add_flag("--force", options->force, "Replace an existing package");
  auto no_canary = std::make_shared<bool>(false);
  command->add_flag(
      "--no_canary", *no_canary,
      "Do not load the package to record what it says to a fixed prompt (random weights: never)");
  command->callback([options, no_canary] {
    if (options->source.empty() && options->random_shape.empty())
      throw CLI::RequiredError("SOURCE or --random");
    run_compile(*options, !*no_canary && options->random_shape.empty());
  });
}

}  // namespace axllama::cli
