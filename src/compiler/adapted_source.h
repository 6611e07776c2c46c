#pragma once

#include "compiler/decoder_config.h"
#include "compiler/weight_source.h"

namespace axllama::compiler {

/// Shows the weights of any supported family as those of a plain decoder, the one program that the card runs:
///
/// - fused projections appear one by one;
/// - queries and keys that rotate in part have their rows reordered, so that rotated pairs stand where
/// rotate-half RoPE
///   pairs a whole head (scores do not depend on the order of a head's values), and scaled by RoPE's
///   attention factor;
/// - constant factors of embedding, residual, logits and queries are multiplied in;
/// - gains of norms are what is multiplied with, also where the source has the difference from 1;
/// - "lm_head.weight" is the embedding table where the two are tied.
class AdaptedSource final : public WeightSource {
 public:
  /// Both must outlive this object.
  AdaptedSource(WeightSource& source, const DecoderConfig& config) : source_(source), config_(config) {}

  bool has(const std::string& tensor) const override { return source_.has(tensor); }
  void read_rows(const std::string& tensor, std::size_t rows, std::size_t columns, std::size_t first,
                 std::span<float> out) override;
  /// Null too where values are scaled.
  const softcard::WeightKind* stored_kind(const std::string& tensor) const override;
  void read_stored(const std::string& tensor, std::size_t rows, std::size_t columns, std::size_t first,
                   std::size_t count, softcard::BlockSource& out) override;

 private:
  /// A projection as the source has it.
  struct Stored {
    std::string tensor;
    std::size_t rows;   // of the stored tensor
    std::size_t begin;  // its first row that belongs to the projection
  };
  Stored stored(const std::string& tensor, std::size_t rows) const;
  /// Whether rows stand elsewhere than they belong.
  bool is_reordered(const std::string& tensor) const;
  /// The row of the stored tensor that belongs at `row` of a reordered projection.
  std::size_t reordered_row(const Stored& stored, std::size_t row) const;
  /// What all values of a tensor are multiplied by, RoPE's attention factor apart.
  double scale_of(const std::string& tensor) const;
  bool has_attention_factor(const std::string& tensor) const;

  WeightSource& source_;
  const DecoderConfig& config_;
};

}  // namespace axllama::compiler
