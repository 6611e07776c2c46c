#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "softcard/card/io.h"
#include "softcard/card/model.h"

namespace axllama::softcard {

/// One tensor of an execution: what the group needs and what the caller bound.
struct Operand {
  const TensorInfo* tensor = nullptr;
  std::uint64_t needed = 0;
  Binding binding;
  std::optional<Location> at;  // where the binding lies on the card; none when unbound or not card memory

  /// Card addresses that the execution touches, as far as they are bound.
  std::uint64_t begin() const noexcept { return binding.address; }
  std::uint64_t end() const noexcept { return binding.address + needed; }
};

/// One run of a model, with the bindings as they were when it was asked for. Keeps everything it touches
/// alive.
struct Execution {
  /// Throws CardError: no such group, or an IO object of another kind of model.
  Execution(std::shared_ptr<Model> model, std::uint32_t group, std::shared_ptr<IoObject> io);

  const ModelShape& shape() const noexcept { return *model->shape(); }
  GroupKind kind() const noexcept { return shape().kinds[group]; }
  /// Operands by name, null when the model has no such tensor.
  const Operand* input(std::string_view name) const;
  const Operand* output(std::string_view name) const;

  std::shared_ptr<Model> model;
  std::uint64_t generation = 0;  // of the card, when this was asked for
  std::uint32_t group = 0;
  std::shared_ptr<IoObject> io;
  std::vector<Operand> inputs;
  std::vector<Operand> outputs;
};

/// Runs it on its card and returns when it is done: rules, faults, arithmetic, time. Returns how long the
/// card was busy with it. Throws CardError.
std::chrono::duration<double> run(const Execution& execution, const std::stop_token& stop);

}  // namespace axllama::softcard
