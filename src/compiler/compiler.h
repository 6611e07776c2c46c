#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/package.h"

namespace axllama::compiler {

/// What to compile; names of the options follow `pulsar2 llm_build2`.
struct CompileOptions {
  std::filesystem::path source;           // Hugging Face folder, or a GGUF file
  std::string random_shape;               // instead of `source`: a name of random_shapes()
  std::filesystem::path output;           // package folder to make
  std::string weight_type;                // one of weight_types(); empty: "source" for GGUF files, else "s8"
  std::size_t max_context = 2048;         // slots of the decode cache; at most the model's own limit
  std::size_t prefill_step_size = 128;    // rows of a prefill chunk
  std::size_t prefill_len = 0;            // longest prompt the prefill groups take; 0: the context
  std::size_t post_topk = 0;              // the head gives so many largest logits; 0: the whole row
  bool post_all_logits = false;           // with post_topk: the whole row as well
  std::uint64_t seed = 1;                 // of random weights
  bool force = false;                     // replace an existing package
  std::optional<model::Purpose> purpose;  // unset: what the source says; a reranker's has to be given
  std::optional<model::Pooling> pooling;  // unset: what the source says, else the last token
};

/// "bf16", "s8" (a scale per row), "s8_g32" (per 32 columns), "s4_g32" or "s4", "s4_g128", and "source":
/// every projection as the source has it.
std::vector<std::string> weight_types();

struct CompileSummary {
  std::size_t layers = 0;
  std::uint64_t parameters = 0;
  std::uint64_t bytes = 0;
  std::size_t context = 0;
  std::string weight_type;  // of most weights
  model::Purpose purpose = model::Purpose::kText;
};

/// Called after each written file: (done, total).
using CompileProgress = std::function<void(std::size_t, std::size_t)>;

/// Makes a package for the software card: files named as the vendor's (`qwen3_p128_l0_together.axmodel`,
/// ...), contents as softcard/format.h says, tokenizer and chat template copied. Reads and writes 64
/// rows at a time, so that memory stays far below the size of a tensor. The output appears complete or not at
/// all. Throws Error (kInvalidArgument, kUnsupported, kNotFound) naming the file, the tensor and both values.
CompileSummary compile(const CompileOptions& options, const CompileProgress& progress = {});

}  // namespace axllama::compiler
