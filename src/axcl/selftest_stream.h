#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "axcl/layer_probe.h"
#include "axcl/selftest.h"

namespace axllama::axcl {

/// Whether a card does what it is given in a stream as it does it call by call: decode steps of which each
/// reads what those before it wrote, and whose inputs all pass through the same buffers. Private to this
/// room.
class SelfTestStream {
 public:
  SelfTestStream(Card& card, Model& model, const LayerForm& form);

  /// `call_us`: what a call costs; where that is next to nothing, a stream saves nothing. Throws Error
  /// (kUnavailable) when the card is gone.
  SelfTestCheck run(double call_us);

 private:
  /// A decoded row: what is uploaded for it, and the buffers of its execution.
  struct Step {
    HostBuffer host;
    std::span<std::byte> input, mask, positions;  // parts of `host`
    IoBinding io;
  };

  Step make_step(std::size_t row);
  template <typename Way>
  void give_to(Way& way);
  void clear();
  /// Time of a step, in microseconds.
  double one_by_one();
  double in_a_stream();

  Card& card_;
  Model& model_;
  const LayerForm& form_;
  LayerRun decode_;
  std::vector<Step> steps_;
  DeviceBuffer outputs_;  // [steps, hidden] bf16
  HostBuffer results_;    // outputs, keys, values
};

}  // namespace axllama::axcl
