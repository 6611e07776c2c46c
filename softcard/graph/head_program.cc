#include "softcard/graph/head_program.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "softcard/format.h"
#include "softcard/graph/activations.h"

namespace axllama::softcard {
namespace {

TensorInfo row_tensor(const char* name, std::size_t columns, ElementType type = ElementType::kBf16) {
  return {name, type, {{1, 1, static_cast<std::int32_t>(columns)}}};
}

}  // namespace

HeadProgram::HeadProgram(const ProgramImage& image) {
  hidden_ = image.size_field(image.config(), "hidden", kMaxDimension);
  vocab_ = image.size_field(image.config(), "vocab", kMaxDimension);
  rms_eps_ = static_cast<float>(image.number_field("rms_eps"));
  if (!(rms_eps_ >= 0.0F && rms_eps_ < 1.0F)) image.fail("\"rms_eps\" is not in [0, 1)");
  compiler_ = image.string_field("compiler");
  returns_norm_ = image.config().contains(kReturnNormField) && image.bool_field(kReturnNormField);
  norm_ = image.f32_vector("norm", hidden_);
  weights_ = WeightStore({image.projection("lm_head", vocab_, hidden_)}, *pool_);
  inputs_.push_back(row_tensor("input", hidden_));
  if (image.config().contains(kTopCountField)) {
    top_count_ = image.size_field(image.config(), std::string(kTopCountField).c_str(), vocab_);
    gives_all_ = image.bool_field(std::string(kAllLogitsField).c_str());
    outputs_.push_back(row_tensor("indices", top_count_, ElementType::kInt32));
    outputs_.push_back(row_tensor("logits", top_count_));
  }
  all_output_ = outputs_.size();
  if (gives_all_) outputs_.push_back(row_tensor("output", vocab_));
  if (returns_norm_) outputs_.push_back(row_tensor("output_norm", hidden_));
}

ExecutionCost HeadProgram::cost(std::size_t /*group*/) const {
  return {weights_.tensor_bytes(), 0, weights_.parameters(), 0};
}

void HeadProgram::execute(std::size_t group, std::span<const std::byte* const> input_data,
                          std::span<std::byte* const> output_data) {
  if (group != 0)
    throw ProgramError("the output head has one shape group, not " + std::to_string(group + 1) + ".");
  const auto* input = reinterpret_cast<const std::uint16_t*>(input_data[0]);
  if (!gives_all_) row_.resize(vocab_);
  auto* output = gives_all_ ? reinterpret_cast<std::uint16_t*>(output_data[all_output_]) : row_.data();
  const std::shared_ptr<Workspace> workspace = workspaces_->borrow();
  const Projection& head = weights_.projections().front();
  const Activations x(kernels_, *workspace, Workspace::kNormed, 1, hidden_, {&head});
  kernels_.bf16_to_f32(input, hidden_, x.row(0));
  kernels_.rms_norm(x.row(0), norm_.data(), rms_eps_, hidden_, x.row(0));
  if (returns_norm_) {
    kernels_.f32_to_bf16(x.row(0), hidden_, reinterpret_cast<std::uint16_t*>(output_data.back()));
  }
  x.finish_row(0);
  pool_->for_each(head.blocks(), [&](std::size_t block, std::size_t) {
    alignas(64) float logits[kBlockRows];
    x.project(head, block, logits, kBlockRows);
    const std::size_t first = block * kBlockRows;
    kernels_.f32_to_bf16(logits, std::min(kBlockRows, vocab_ - first), output + first);
  });
  if (top_count_ > 0) {
    top_.find({output, vocab_}, {reinterpret_cast<std::int32_t*>(output_data[0]), top_count_},
              {reinterpret_cast<std::uint16_t*>(output_data[1]), top_count_});
  }
}

}  // namespace axllama::softcard
