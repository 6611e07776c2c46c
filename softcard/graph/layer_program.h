#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "softcard/graph/activations.h"
#include "softcard/graph/attention.h"
#include "softcard/graph/layer_config.h"
#include "softcard/graph/program.h"
#include "softcard/graph/program_image.h"
#include "softcard/graph/rope_table.h"
#include "softcard/graph/weight_store.h"
#include "softcard/graph/workspace.h"
#include "softcard/kernels/dispatch.h"
#include "softcard/kernels/thread_pool.h"

namespace axllama::softcard {

/// A decoder layer: RMSNorm, attention with RoPE over K_cache and V_cache, residual, RMSNorm, SwiGLU or
/// GeGLU, residual; what is added to the residual may have an RMSNorm of its own. Inputs K_cache, V_cache
/// [1,slots,kv] bf16, indices [1,rows] uint32, input [1,rows,H] bf16, mask [1,rows,h+rows] bf16; outputs
/// K_cache_out, V_cache_out [1,rows,kv] bf16, output [1,rows,H] bf16.
class LayerProgram final : public Program {
 public:
  explicit LayerProgram(const ProgramImage& image);

  std::span<const TensorInfo> inputs() const override { return inputs_; }
  std::span<const TensorInfo> outputs() const override { return outputs_; }
  std::size_t group_count() const override { return config_.groups.size(); }
  const std::string& compiler_version() const override { return config_.compiler; }
  std::uint64_t weight_bytes() const override { return weights_.tensor_bytes(); }
  ExecutionCost cost(std::size_t group) const override;
  void execute(std::size_t group, std::span<const std::byte* const> input_data,
               std::span<std::byte* const> output_data) override;

 private:
  struct Execution;
  enum ProjectionIndex { kQ, kK, kV, kO, kGate, kUp, kDown };

  void describe_tensors();
  const Projection& projection(ProjectionIndex index) const { return weights_.projections()[index]; }

  /// NaN rows found by the policy's rules; throws UninitializedCacheError under kRefuse.
  bool has_nan_rows(const Execution& run, const AttentionCache& cache) const;

  void load_input(Execution& run) const;
  void normalise(Execution& run, const std::vector<float>& gain, const Activations& normed) const;
  void project_qkv(Execution& run, const Activations& normed, const Activations& query) const;
  void finish_row(Execution& run, std::size_t row, float* query) const;
  void run_attention(Execution& run, const Activations& query) const;
  void project_output(Execution& run, const Activations& attended) const;
  /// Whole rows of hidden size, where they have a norm before they are added to the residual.
  ActivationRows project_rows(Execution& run, const Activations& x, const Projection& projection) const;
  /// activated = silu(gate) * up, or with GELU.
  void activate(Execution& run, const Activations& normed, const Activations& activated) const;
  void activate_spans(Execution& run, const Activations& normed, const Activations& activated) const;
  void run_mlp(Execution& run, const Activations& normed, const Activations& activated) const;

  std::shared_ptr<ThreadPool> pool_ = ThreadPool::shared();
  std::shared_ptr<WorkspaceCache> workspaces_ = WorkspaceCache::shared();
  const KernelTable& kernels_ = kernels();
  LayerConfig config_;
  AttentionShape shape_;
  std::vector<float> attn_norm_;
  std::vector<float> mlp_norm_;
  std::vector<float> attn_post_norm_;  // empty without norms of what is added
  std::vector<float> mlp_post_norm_;
  decltype(KernelTable::silu_multiply) gate_multiply_ = nullptr;
  std::vector<float> q_norm_;  // empty without q/k norm
  std::vector<float> k_norm_;
  std::vector<float> q_bias_;  // empty without bias
  std::vector<float> k_bias_;
  std::vector<float> v_bias_;
  std::shared_ptr<const RopeTable> rope_;
  WeightStore weights_;
  std::vector<TensorInfo> inputs_;
  std::vector<TensorInfo> outputs_;
};

}  // namespace axllama::softcard
