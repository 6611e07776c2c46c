#include "softcard/card/execution_faults.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "softcard/card/error.h"

namespace axllama::softcard {

namespace {

void spoil(std::byte* data, std::uint64_t size, const FaultRule& rule, bool chunk) {
  switch (rule.corruption) {
    case Corruption::kNan:
      std::memset(data, 0xFF, size);
      return;
    case Corruption::kZero:
      std::memset(data, 0, size);
      return;
    case Corruption::kRounding:  // little endian: the low byte of a bf16 comes first
      for (std::uint64_t at = 0; chunk && at + 1 < size; at += 2) {
        data[at] ^= std::byte{1};
      }
      return;
    case Corruption::kNoise:
      break;
  }
  std::mt19937_64 random(rule.seed);
  for (std::uint64_t at = 0; at + 1 < size; at += 2) {
    // bf16 of either sign with magnitudes from 2^-7 to 2^8: finite and plausible, but wrong
    const auto bits = static_cast<std::uint16_t>(0x3C00U + (random() & 0x87FFU));
    std::memcpy(data + at, &bits, sizeof(bits));
  }
}

}  // namespace

ExecutionFaults::ExecutionFaults(const Execution& execution)
    : execution_(execution),
      struck_(execution.model->device().services().faults.strike(
          FaultPoint::kExecute, execution.model->device().id(), execution.shape().name)) {
  Device& device = execution.model->device();
  for (const FaultRule& rule : struck_) {
    if (rule.kind == FaultKind::kOffline) {
      device.services().faults.set_offline(device.id(), rule.recovery);
      device.interrupt();
      throw CardError(FaultPlan::code_of(rule), "Card " + std::to_string(device.id()) + " has gone offline.");
    }
    if (rule.kind == FaultKind::kExecuteError) {
      throw CardError(FaultPlan::code_of(rule),
                      "A fault ends the execution of " + execution.shape().name + ".");
    }
  }
}

void ExecutionFaults::hang(const std::stop_token& stop) const {
  Device& device = execution_.model->device();
  for (const FaultRule& rule : struck_) {
    if (rule.kind == FaultKind::kHang && !device.hang(rule.ms, stop)) {
      throw CardError(FaultPlan::code_of(rule), "Card " + std::to_string(device.id()) + " was reset while " +
                                                    execution_.shape().name + " hung.");
    }
  }
}

void ExecutionFaults::corrupt() const {
  for (const FaultRule& rule : struck_) {
    if (rule.kind != FaultKind::kCorrupt) {
      continue;
    }
    for (const Operand& output : execution_.outputs) {
      if (output.at && matches(rule.tensor, output.tensor->name)) {
        spoil(output.at->data(), std::min(output.needed, output.at->available()), rule,
              execution_.kind() == GroupKind::kPrefill);
      }
    }
  }
}

std::chrono::duration<double> ExecutionFaults::extra_time() const {
  std::chrono::duration<double> total{0};
  for (const FaultRule& rule : struck_) {
    if (rule.kind == FaultKind::kSlowExecute) {
      total += std::chrono::milliseconds(rule.ms);
    }
  }
  return total;
}

}  // namespace axllama::softcard
