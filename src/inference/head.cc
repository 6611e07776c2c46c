#include "inference/head.h"

#include <string>

#include "base/error.h"

namespace axllama::inference {
namespace {

using base::Bf16;
using base::Error;
using base::ErrorCode;

}  // namespace

Head::Head(axcl::Card& card, CardQueue& queue, const std::filesystem::path& file, std::size_t hidden,
           std::size_t vocabulary)
    : card_(card), queue_(queue), model_(card, file), binding_(model_, 0) {
  const std::string name = file.filename().string();
  const auto logits = model_.output_index("output");
  if (model_.inputs().size() != 1 || !logits) {
    throw Error(ErrorCode::kUnsupported,
                name + " is not an output head with one input and the logits as `output`: it has " +
                    std::to_string(model_.inputs().size()) + " inputs and " +
                    std::to_string(model_.outputs().size()) + " outputs.");
  }
  logits_output_ = *logits;
  const std::size_t input_bytes = model_.inputs()[0].bytes[0];
  if (input_bytes != hidden * sizeof(Bf16)) {
    throw Error(ErrorCode::kInvalidArgument, "The input of " + name + " has " + std::to_string(input_bytes) +
                                                 " bytes, but the layers give " +
                                                 std::to_string(hidden * sizeof(Bf16)) + " bytes per token.");
  }
  const axcl::TensorDescription& output = model_.outputs()[logits_output_];
  if (output.type != axcl::DataType::kBf16 && output.type != axcl::DataType::kNone) {
    throw Error(ErrorCode::kUnsupported, "The logits of " + name + " have element type " +
                                             std::to_string(static_cast<int>(output.type)) + " instead of " +
                                             std::to_string(static_cast<int>(axcl::DataType::kBf16)) +
                                             " (bf16).");
  }
  logit_count_ = output.bytes[0] / sizeof(Bf16);
  if (logit_count_ > vocabulary || logit_count_ == 0) {
    throw Error(ErrorCode::kInvalidArgument, name + " gives " + std::to_string(logit_count_) +
                                                 " logits, but the embedding table has " +
                                                 std::to_string(vocabulary) + " rows.");
  }
  input_ = axcl::DeviceBuffer(card, input_bytes);
  card.fill(input_.span(), 0);
  binding_.bind_input(0, input_.span());
  card_bytes_ = std::filesystem::file_size(file) + input_bytes;
  for (std::size_t i = 0; i < model_.outputs().size(); ++i) {
    outputs_.emplace_back(card, model_.outputs()[i].bytes[0]);
    binding_.bind_output(i, outputs_[i].span());
    card_bytes_ += outputs_[i].size();
  }
}

Head::Output Head::make_output() {
  return {axcl::HostBuffer(card_, outputs_[logits_output_].size())};
}

void Head::run(Output& output) {
  queue_.execute(binding_);
  queue_.download(output.logits.bytes(), outputs_[logits_output_].span());
}

std::span<const Bf16> Head::logits(const Output& output) const noexcept {
  return {reinterpret_cast<const Bf16*>(output.logits.bytes().data()), logit_count_};
}

}  // namespace axllama::inference
