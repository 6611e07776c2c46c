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
  check_output(logits_output_, "logits");
  logit_count_ = model_.outputs()[logits_output_].bytes[0] / sizeof(Bf16);
  if (logit_count_ > vocabulary || logit_count_ == 0) {
    throw Error(ErrorCode::kInvalidArgument, name + " gives " + std::to_string(logit_count_) +
                                                 " logits, but the embedding table has " +
                                                 std::to_string(vocabulary) + " rows.");
  }
  norm_output_ = model_.output_index("output_norm");
  if (norm_output_) {
    check_output(*norm_output_, "normed row");
    if (const std::size_t bytes = model_.outputs()[*norm_output_].bytes[0]; bytes != input_bytes) {
      throw Error(ErrorCode::kInvalidArgument, "The normed row of " + name + " has " + std::to_string(bytes) +
                                                   " bytes, but its input has " +
                                                   std::to_string(input_bytes) + ".");
    }
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
  if (norm_output_) {
    norm_ = axcl::HostBuffer(card, outputs_[*norm_output_].size());
  }
}

/// Throws Error (kUnsupported) unless an output is of bf16 numbers.
void Head::check_output(std::size_t index, const std::string& what) const {
  const axcl::DataType type = model_.outputs()[index].type;
  if (type != axcl::DataType::kBf16 && type != axcl::DataType::kNone) {
    throw Error(ErrorCode::kUnsupported,
                "The " + what + " of " + model_.file().filename().string() + " has element type " +
                    std::to_string(static_cast<int>(type)) + " instead of " +
                    std::to_string(static_cast<int>(axcl::DataType::kBf16)) + " (bf16).");
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

std::span<const Bf16> Head::run_norm() {
  queue_.execute(binding_);
  queue_.download(norm_.bytes(), outputs_[norm_output_.value()].span());
  queue_.wait();
  return {reinterpret_cast<const Bf16*>(norm_.bytes().data()), norm_.bytes().size() / sizeof(Bf16)};
}

}  // namespace axllama::inference
