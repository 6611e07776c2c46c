#pragma once

#include <memory>
#include <string>
#include <vector>

#include "softcard/graph/program.h"
#include "softcard/graph/program_image.h"
#include "softcard/graph/weight_store.h"
#include "softcard/graph/workspace.h"
#include "softcard/kernels/dispatch.h"
#include "softcard/kernels/thread_pool.h"

namespace axllama::softcard {

/// The output head: input [1,1,H] bf16 -> RMSNorm -> lm_head -> output [1,1,V] bf16 logits. One group.
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
  float rms_eps_ = 0;
  std::string compiler_;
  std::vector<float> norm_;
  WeightStore weights_;
  std::vector<TensorInfo> inputs_;
  std::vector<TensorInfo> outputs_;
};

}  // namespace axllama::softcard
