#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "softcard/graph/program.h"
#include "softcard/graph/program_image.h"
#include "softcard/graph/top_logits.h"
#include "softcard/graph/weight_store.h"
#include "softcard/graph/workspace.h"
#include "softcard/kernels/dispatch.h"
#include "softcard/kernels/thread_pool.h"

namespace axllama::softcard {

/// The output head: input [1,1,H] bf16 -> RMSNorm -> lm_head -> logits, one group. They leave it as output
/// [1,1,V] bf16; with post_topk as the K largest, indices [1,1,K] int32 and logits [1,1,K] bf16 (see
/// TopLogits), and beside them as output only where the configuration says so. Where the file asks for
/// it output_norm [1,1,H] bf16 comes last: what the norm gives.
class HeadProgram final : public Program {
 public:
  explicit HeadProgram(const ProgramImage& image);

  std::span<const TensorInfo> inputs() const override { return inputs_; }
  std::span<const TensorInfo> outputs() const override { return outputs_; }
  std::size_t group_count() const override { return 1; }
  const std::string& compiler_version() const override { return compiler_; }
  std::uint64_t weight_bytes() const override { return weights_.tensor_bytes(); }
  ExecutionCost cost(std::size_t group) const override;
  void execute(std::size_t group, std::span<const std::byte* const> input_data,
               std::span<std::byte* const> output_data) override;

 private:
  std::shared_ptr<ThreadPool> pool_ = ThreadPool::shared();
  std::shared_ptr<WorkspaceCache> workspaces_ = WorkspaceCache::shared();
  const KernelTable& kernels_ = kernels();
  std::size_t hidden_ = 0;
  std::size_t vocab_ = 0;
  std::size_t top_count_ = 0;  // 0: the whole row only
  bool gives_all_ = true;
  std::size_t all_output_ = 0;  // which output the whole row is
  float rms_eps_ = 0;
  bool returns_norm_ = false;
  std::string compiler_;
  std::vector<float> norm_;
  WeightStore weights_;
  std::vector<TensorInfo> inputs_;
  std::vector<TensorInfo> outputs_;
  std::vector<std::uint16_t> row_;  // of logits that do not leave the card
  TopLogits top_;
};

}  // namespace axllama::softcard
