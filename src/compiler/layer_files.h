#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "compiler/decoder_config.h"
#include "compiler/model_use.h"
#include "compiler/weight_source.h"

namespace axllama::compiler {

/// How the files of a package are to be shaped.
struct PackagePlan {
  DecoderConfig config;
  ModelUse use;
  const softcard::WeightKind* kind = nullptr;  // of projections; null: as the source has them
  std::size_t context = 0;                     // slots of the decode group
  std::size_t chunk = 0;                       // rows of the prefill groups
  std::vector<std::size_t> histories;          // of the prefill groups, growing, the first 0
  std::size_t top_logits = 0;                  // that the head gives; 0: the whole row only
  bool all_logits = true;                      // whether the head gives the whole row
};

/// The ladder of histories: 0, one chunk, then steps of two and four chunks, the last at least what a chunk
/// at the end of `prefill_len` tokens needs.
std::vector<std::size_t> prefill_histories(std::size_t chunk, std::size_t prefill_len);

/// Weights in projections by the name of their kind.
using WeightCounts = std::map<std::string, std::uint64_t>;

WeightCounts write_layer_file(const PackagePlan& plan, WeightSource& source, std::size_t layer,
                              const std::filesystem::path& file);
WeightCounts write_head_file(const PackagePlan& plan, WeightSource& source,
                             const std::filesystem::path& file);
/// The raw bf16 table [vocabulary, hidden].
void write_embedding_file(const PackagePlan& plan, WeightSource& source, const std::filesystem::path& file);

}  // namespace axllama::compiler
