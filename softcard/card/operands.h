#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "softcard/card/execution.h"
#include "softcard/card/reports.h"
#include "softcard/card/settings.h"

namespace axllama::softcard {

/// The memory a program reads and writes for one execution. Where the bindings obey the rules this is the
/// card's memory itself; K and V rows that go into their cache, and everything whose rule is broken in
/// lenient mode, take a detour over a copy that ends the way it ends on the hardware.
class OperandMemory {
 public:
  OperandMemory(const Execution& execution, const std::vector<Report>& broken, const Settings& settings);

  std::span<const std::byte* const> inputs() const noexcept { return inputs_; }
  std::span<std::byte* const> outputs() const noexcept { return outputs_; }

  /// After the arithmetic: puts copied outputs in their place and notes what is written now.
  void store();

 private:
  struct Output {
    const Operand* operand = nullptr;
    std::vector<std::byte> copy;  // empty when written in place
    Location target;
    bool dropped = false;  // unbound, or left untouched by the hardware
  };

  bool is_broken(int rule, const Operand& operand) const;
  void prepare_input(std::size_t index);
  void prepare_output(std::size_t index);
  bool leaves_output_untouched() const;
  bool touches_an_input(const Operand& output) const;

  const Execution& execution_;
  const std::vector<Report>& broken_;
  const Settings& settings_;
  std::vector<const std::byte*> inputs_;
  std::vector<std::byte*> outputs_;
  std::vector<std::vector<std::byte>> input_copies_;
  std::vector<Output> stores_;
};

}  // namespace axllama::softcard
