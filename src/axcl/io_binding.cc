#include "axcl/io_binding_impl.h"
#include "base/error.h"

namespace axllama::axcl {
namespace {

using base::Error;
using base::ErrorCode;

bool overlap(DeviceSpan a, DeviceSpan b) noexcept {
  return a.address < b.address + b.size && b.address < a.address + a.size;
}

/// K_cache_out may be rows of K_cache itself: the mask hides those rows while they are written.
bool is_slot_of(const TensorDescription& output, std::size_t output_bytes, const TensorDescription& input,
                std::size_t input_bytes) {
  return output.name == input.name + "_out" && output_bytes < input_bytes;
}

}  // namespace

IoBinding::Impl::~Impl() {
  if (io != nullptr) model->card->abi->axclrtEngineDestroyIO(io);
}

std::string IoBinding::Impl::where() const {
  return "shape group " + std::to_string(group) + " of " + model->file.filename().string();
}

void IoBinding::Impl::bind(bool input, std::size_t index, DeviceSpan span) {
  std::vector<DeviceSpan>& bound = input ? inputs : outputs;
  const char* kind = input ? "input" : "output";
  if (index >= bound.size()) {
    throw Error(ErrorCode::kInternal, "There is no " + std::string(kind) + " " + std::to_string(index) +
                                          " in " + where() + ", which has " + std::to_string(bound.size()) +
                                          ".");
  }
  DeviceSpan& slot = bound[index];
  if (slot.address == span.address && slot.size == span.size) return;
  model->card->check_owner("bind");
  if (in_streams != 0) {
    throw Error(ErrorCode::kInternal,
                "A buffer was to be bound to " + where() + " while a stream executes it.");
  }
  const Abi& abi = *model->card->abi;
  const auto position = static_cast<std::uint32_t>(index);
  const AxclError code =
      input ? abi.axclrtEngineSetInputBufferByIndex(io, position, device_pointer(span.address), span.size)
            : abi.axclrtEngineSetOutputBufferByIndex(io, position, device_pointer(span.address), span.size);
  if (code != kAxclSuccess) {
    throw axcl_error(
        "Binding " + std::string(kind) + " " + std::to_string(index) + " of " + where() + " failed", code);
  }
  slot = span;
  checked = false;
}

void IoBinding::Impl::check_bound(const std::vector<TensorDescription>& tensors,
                                  const std::vector<DeviceSpan>& bound) const {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::size_t needed = tensors[i].bytes[group];
    if (bound[i].address == 0) {
      throw Error(ErrorCode::kInternal, tensors[i].name + " in " + where() + " has no buffer; it needs " +
                                            std::to_string(needed) + " bytes.");
    }
    if (bound[i].size != needed) {
      throw Error(ErrorCode::kInternal, tensors[i].name + " in " + where() + " is bound to " +
                                            std::to_string(bound[i].size) + " bytes; it needs exactly " +
                                            std::to_string(needed) + ".");
    }
  }
}

void IoBinding::Impl::throw_alias(const TensorDescription& output, std::size_t output_bytes,
                                  const TensorDescription& other, std::size_t other_bytes) const {
  throw Error(ErrorCode::kInternal, output.name + " (" + std::to_string(output_bytes) + " bytes) and " +
                                        other.name + " (" + std::to_string(other_bytes) + " bytes) in " +
                                        where() + " share memory.");
}

void IoBinding::Impl::check_aliases() const {
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    const TensorDescription& output = model->outputs[o];
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const TensorDescription& input = model->inputs[i];
      if (overlap(outputs[o], inputs[i]) && !is_slot_of(output, outputs[o].size, input, inputs[i].size)) {
        throw_alias(output, outputs[o].size, input, inputs[i].size);
      }
    }
    for (std::size_t other = o + 1; other < outputs.size(); ++other) {
      if (overlap(outputs[o], outputs[other])) {
        throw_alias(output, outputs[o].size, model->outputs[other], outputs[other].size);
      }
    }
  }
}

void IoBinding::Impl::check() {
  if (checked) return;
  check_bound(model->inputs, inputs);
  check_bound(model->outputs, outputs);
  check_aliases();
  checked = true;
}

IoBinding::IoBinding(Model& model, std::size_t group) : impl_(std::make_shared<Impl>()) {
  impl_->model = model.state_;
  if (group >= model.group_count()) {
    throw Error(ErrorCode::kInternal, model.file().filename().string() + " has no shape group " +
                                          std::to_string(group) + "; it has " +
                                          std::to_string(model.group_count()) + ".");
  }
  impl_->group = static_cast<std::uint32_t>(group);
  impl_->inputs.resize(model.inputs().size());
  impl_->outputs.resize(model.outputs().size());
  impl_->model->card->check_owner("IoBinding");
  const AxclError code = impl_->model->card->abi->axclrtEngineCreateIO(impl_->model->info, &impl_->io);
  if (code != kAxclSuccess || impl_->io == nullptr) {
    throw axcl_error("The runtime gives no IO object for " + impl_->where(), code);
  }
}

IoBinding::~IoBinding() = default;
IoBinding::IoBinding(IoBinding&& other) noexcept = default;
IoBinding& IoBinding::operator=(IoBinding&& other) noexcept = default;

std::size_t IoBinding::group() const noexcept {
  return impl_->group;
}

void IoBinding::bind_input(std::size_t index, DeviceSpan span) {
  impl_->bind(true, index, span);
}

void IoBinding::bind_output(std::size_t index, DeviceSpan span) {
  impl_->bind(false, index, span);
}

void IoBinding::execute() {
  impl_->check();
  const AxclError code = execute_unchecked();
  if (code != kAxclSuccess) throw axcl_error("Executing " + impl_->where() + " failed", code);
}

std::int32_t IoBinding::execute_unchecked() {
  return execute_unchecked(impl_->group);
}

std::int32_t IoBinding::execute_unchecked(std::size_t group) {
  const ModelState& model = *impl_->model;
  CardState& card = *model.card;
  const AxclError code = card.remote("execute", [&] {
    return card.abi->axclrtEngineExecute(model.model_id, model.context_id, static_cast<std::uint32_t>(group),
                                         impl_->io);
  });
  if (code == kAxclSuccess) card.counters.executes += 1;
  return code;
}

}  // namespace axllama::axcl
