#include "softcard/card/execution.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include "softcard/card/binding_rules.h"
#include "softcard/card/error.h"
#include "softcard/card/execution_faults.h"
#include "softcard/card/operands.h"
#include "softcard/card/script_player.h"

namespace axllama::softcard {

namespace {

std::vector<Operand> gather(const std::vector<TensorInfo>& tensors, const std::vector<std::uint64_t>& bytes,
                            const std::vector<Binding>& bindings, const AddressSpace& memory) {
  std::vector<Operand> operands(tensors.size());
  for (std::size_t index = 0; index < tensors.size(); ++index) {
    Operand& operand = operands[index];
    operand.tensor = &tensors[index];
    operand.needed = bytes[index];
    operand.binding = bindings[index];
    if (operand.binding.bound) {
      operand.at = memory.find(operand.binding.address);
    }
  }
  return operands;
}

const Operand* by_name(const std::vector<Operand>& operands, std::string_view name) {
  const auto found = std::find_if(operands.begin(), operands.end(),
                                  [&](const Operand& operand) { return operand.tensor->name == name; });
  return found == operands.end() ? nullptr : &*found;
}

/// An address that is bound but is not this card's memory, or leaves its block, is an error whatever the
/// mode.
void require_card_memory(const Execution& execution, const Operand& operand, Mode mode) {
  if (!operand.binding.bound) {
    return;
  }
  std::string problem;
  if (!operand.at) {
    problem = "is bound to " + hex(operand.begin()) + ", which is not memory of card " +
              std::to_string(execution.model->device().id()) + ".";
  } else if (mode == Mode::kStrict && operand.needed > operand.at->available()) {
    problem = "needs " + std::to_string(operand.needed) + " bytes at " + hex(operand.begin()) +
              ", of which only " + std::to_string(operand.at->available()) + " are allocated.";
  } else {
    return;
  }
  const std::string text = "Tensor " + operand.tensor->name + " of " + execution.shape().name + ", group " +
                           std::to_string(execution.group) + ", " + problem;
  execution.model->device().services().reports.add({.kind = "memory",
                                                    .model = execution.shape().name,
                                                    .tensor = operand.tensor->name,
                                                    .group = static_cast<std::int32_t>(execution.group),
                                                    .text = text});
  throw CardError(code::kNotDeviceMemory, text);
}

std::vector<Report> check_and_report(const Execution& execution, Mode mode) {
  Services& services = execution.model->device().services();
  for (const auto* side : {&execution.inputs, &execution.outputs}) {
    for (const Operand& operand : *side) {
      require_card_memory(execution, operand, mode);
    }
  }
  auto broken = check_binding_rules(execution);
  for (const Report& report : broken) {
    services.reports.add(report);
  }
  if (mode == Mode::kStrict && !broken.empty()) {
    throw CardError(code::kEngineIllegal, broken.front().text);
  }
  return broken;
}

std::chrono::duration<double> execution_time(const Execution& execution, const TimingProfile& timing) {
  const ExecutionCost cost = execution.model->program().cost(execution.group);
  const auto at = [](double amount, double rate) { return rate > 0 ? amount / rate : 0; };
  constexpr double kGiga = 1e9;
  constexpr double kTera = 1e12;
  const double memory = at(static_cast<double>(cost.weight_bytes), timing.weight_gb_per_s * kGiga) +
                        at(static_cast<double>(cost.cache_bytes), timing.cache_gb_per_s * kGiga);
  const double arithmetic =
      at(2 * static_cast<double>(cost.multiply_adds), timing.tera_ops_per_s * kTera) +
      at(2 * static_cast<double>(cost.attention_multiply_adds), timing.attention_tera_ops_per_s * kTera);
  const double overhead = timing.execute_us + (execution.kind() == GroupKind::kPrefill ? timing.chunk_us : 0);
  return std::chrono::duration<double>(std::max(memory, arithmetic)) +
         std::chrono::duration<double, std::micro>(overhead);
}

void require_same_generation(const Execution& execution) {
  execution.model->device().require_online();
  if (execution.model->device().generation() != execution.generation) {
    throw CardError(code::kDeviceNotConnected, "Card " + std::to_string(execution.model->device().id()) +
                                                   " was reset while " + execution.shape().name +
                                                   " was to run.");
  }
}

void run_program(const Execution& execution, const OperandMemory& memory) {
  Services& services = execution.model->device().services();
  try {
    const std::scoped_lock lock(services.compute);
    execution.model->program().execute(execution.group, memory.inputs(), memory.outputs());
  } catch (const ProgramError& error) {
    services.reports.add({.kind = "execution", .model = execution.shape().name, .text = error.what()});
    throw CardError(code::kEngineExecute, error.what());
  }
}

void compute(const Execution& execution, const Settings& settings, const OperandMemory& memory,
             const std::stop_token& stop) {
  switch (settings.compute) {
    case Compute::kNull:
      for (std::size_t index = 0; index < execution.outputs.size(); ++index) {
        std::memset(memory.outputs()[index], 0, execution.outputs[index].needed);
      }
      return;
    case Compute::kScript:
      if (settings.script.arithmetic) run_program(execution, memory);
      execution.model->device().services().script->play(execution, memory.inputs(), memory.outputs(), stop);
      return;
    case Compute::kReal:
      run_program(execution, memory);
      return;
  }
}

}  // namespace

Execution::Execution(std::shared_ptr<Model> of_model, std::uint32_t of_group, std::shared_ptr<IoObject> of_io)
    : model(std::move(of_model)),
      generation(model->device().generation()),
      group(of_group),
      io(std::move(of_io)) {
  if (group >= shape().groups()) {
    throw CardError(code::kEngineIllegal, shape().name + " has " + std::to_string(shape().groups()) +
                                              " shape groups; there is no group " + std::to_string(group) +
                                              ".");
  }
  const auto in = io->bindings(Side::kInput);
  const auto out = io->bindings(Side::kOutput);
  if (in.size() != shape().inputs.size() || out.size() != shape().outputs.size()) {
    throw CardError(code::kEngineIllegal, "The IO object was made for a model with " +
                                              std::to_string(in.size()) + " inputs and " +
                                              std::to_string(out.size()) + " outputs; " + shape().name +
                                              " has " + std::to_string(shape().inputs.size()) + " and " +
                                              std::to_string(shape().outputs.size()) + ".");
  }
  const AddressSpace& memory = model->device().memory();
  inputs = gather(shape().inputs, shape().input_bytes[group], in, memory);
  outputs = gather(shape().outputs, shape().output_bytes[group], out, memory);
}

const Operand* Execution::input(std::string_view name) const {
  return by_name(inputs, name);
}
const Operand* Execution::output(std::string_view name) const {
  return by_name(outputs, name);
}

std::chrono::duration<double> run(const Execution& execution, const std::stop_token& stop) {
  Device& device = execution.model->device();
  Services& services = device.services();
  require_same_generation(execution);
  const auto settings = services.settings();
  const auto broken = check_and_report(execution, settings->mode);
  const ExecutionFaults faults(execution);

  const std::scoped_lock npu(device.npu());
  require_same_generation(execution);
  const auto begin = std::chrono::steady_clock::now();
  faults.hang(stop);
  OperandMemory memory(execution, broken, *settings);
  compute(execution, *settings, memory, stop);
  memory.store();
  faults.corrupt();
  services.counters.add_execution(execution.shape().name, execution.group);
  const auto time = execution_time(execution, settings->timing) + faults.extra_time();
  if (time.count() > 0) {
    wait_until(begin + std::chrono::duration_cast<std::chrono::steady_clock::duration>(time));
  }
  const auto busy = std::chrono::steady_clock::now() - begin;
  device.add_busy(busy);
  return busy;
}

}  // namespace axllama::softcard
