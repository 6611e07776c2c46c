#pragma once

#include <string>

#include "compiler/decoder_config.h"
#include "compiler/gguf_file.h"
#include "compiler/weight_source.h"

namespace axllama::compiler {

/// The tensors of a GGUF file under the names of Hugging Face checkpoints, as f32 or as they are. Undoes the
/// reordering of query and key rows that GGUF files of the Llama family have for interleaved RoPE.
class GgufSource final : public WeightSource {
 public:
  /// Both must outlive this object.
  GgufSource(const GgufFile& file, const DecoderConfig& config);

  bool has(const std::string& tensor) const override;
  void read_rows(const std::string& tensor, std::size_t rows, std::size_t columns, std::size_t first,
                 std::span<float> out) override;
  const softcard::WeightKind* stored_kind(const std::string& tensor) const override;
  void read_stored(const std::string& tensor, std::size_t rows, std::size_t columns, std::size_t first,
                   std::size_t count, softcard::BlockSource& out) override;

 private:
  /// Calls use(type, bytes) for each row in turn.
  template <typename Use>
  void for_rows(const std::string& tensor, std::size_t rows, std::size_t columns, std::size_t first,
                std::size_t count, const Use& use) const;

  const GgufFile& file_;
  const DecoderConfig& config_;
  bool interleaved_;  // rows of a head in the order (pair, half) instead of (half, pair)
};

/// "blk.3.attn_q.weight" for "model.layers.3.self_attn.q_proj.weight"; empty for a name GGUF files have no
/// place for.
std::string gguf_tensor_name(const std::string& tensor, bool post_norms = false);

}  // namespace axllama::compiler
