#include "softcard/card/operands.h"

#include <algorithm>
#include <cstring>

namespace axllama::softcard {

namespace {
constexpr std::byte kGarbage{0xFF};
constexpr std::string_view kHiddenState = "output";
constexpr std::uint32_t kMinimumOutputRows = 64;  // chunks of fewer leave the hidden state untouched
}  // namespace

OperandMemory::OperandMemory(const Execution& execution, const std::vector<Report>& broken,
                             const Settings& settings)
    : execution_(execution),
      broken_(broken),
      settings_(settings),
      inputs_(execution.inputs.size()),
      outputs_(execution.outputs.size()),
      input_copies_(execution.inputs.size()),
      stores_(execution.outputs.size()) {
  for (std::size_t index = 0; index < inputs_.size(); ++index) {
    prepare_input(index);
  }
  for (std::size_t index = 0; index < outputs_.size(); ++index) {
    prepare_output(index);
  }
}

bool OperandMemory::is_broken(int rule, const Operand& operand) const {
  return std::any_of(broken_.begin(), broken_.end(), [&](const Report& report) {
    return report.rule == rule && report.tensor == operand.tensor->name;
  });
}

void OperandMemory::prepare_input(std::size_t index) {
  const Operand& operand = execution_.inputs[index];
  auto& copy = input_copies_[index];
  if (!operand.binding.bound || operand.needed > operand.at->available()) {
    copy.assign(operand.needed, kGarbage);
    if (operand.at) {
      std::memcpy(copy.data(), operand.at->data(), operand.at->available());
    }
  } else if (is_broken(4, operand) && !settings_.lenient_offsets_work) {
    copy = execution_.io->first_content(index, {operand.at->data(), operand.needed});
    copy.resize(operand.needed, kGarbage);
  }
  inputs_[index] = copy.empty() ? operand.at->data() : copy.data();
}

bool OperandMemory::touches_an_input(const Operand& output) const {
  return std::any_of(execution_.inputs.begin(), execution_.inputs.end(), [&](const Operand& input) {
    return input.binding.bound && input.begin() < output.end() && output.begin() < input.end();
  });
}

bool OperandMemory::leaves_output_untouched() const {
  return execution_.kind() == GroupKind::kPrefill &&
         execution_.shape().rows[execution_.group] < kMinimumOutputRows;
}

void OperandMemory::prepare_output(std::size_t index) {
  const Operand& operand = execution_.outputs[index];
  Output& store = stores_[index];
  store.operand = &operand;
  if (operand.at) {
    store.target = *operand.at;
  }
  store.dropped =
      !operand.binding.bound || (operand.tensor->name == kHiddenState && leaves_output_untouched());
  if (!store.dropped && is_broken(5, operand)) {
    store.target.offset = 0;  // the card writes a chunk's rows to the start of the block
  }
  const bool direct = !store.dropped && store.target.offset == operand.at->offset &&
                      operand.needed <= store.target.available() && !touches_an_input(operand);
  if (!direct) {
    store.copy.resize(operand.needed);
  }
  outputs_[index] = direct ? store.target.data() : store.copy.data();
}

void OperandMemory::store() {
  const bool garbage_in_cache = std::any_of(
      execution_.inputs.begin(), execution_.inputs.end(),
      [&](const Operand& input) { return input.tensor->name.ends_with("_cache") && is_broken(7, input); });
  for (std::size_t index = 0; index < stores_.size(); ++index) {
    Output& store = stores_[index];
    const Operand& operand = *store.operand;
    if (store.dropped) {
      if (operand.at) {
        store.target.block->mark_skipped(store.target.offset,
                                         std::min(operand.needed, store.target.available()));
      }
      continue;
    }
    const std::uint64_t size = std::min(operand.needed, store.target.available());
    if (garbage_in_cache && operand.tensor->name == kHiddenState) {
      std::memset(outputs_[index], static_cast<int>(kGarbage), size);  // NaN survives any mask
    }
    if (!store.copy.empty()) {
      if (is_broken(6, operand)) {
        // Tiles of the output replace input that later tiles still read: the halves come out mixed up.
        std::rotate(store.copy.begin(), store.copy.begin() + static_cast<std::ptrdiff_t>(size / 2),
                    store.copy.begin() + static_cast<std::ptrdiff_t>(size));
      }
      std::memcpy(store.target.data(), store.copy.data(), size);
    }
    store.target.block->mark_written(store.target.offset, size);
  }
}

}  // namespace axllama::softcard
