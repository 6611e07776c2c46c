#pragma once

#include <chrono>
#include <stop_token>
#include <vector>

#include "softcard/card/execution.h"
#include "softcard/card/fault_rule.h"

namespace axllama::softcard {

/// The faults that strike one execution. Those that end it at once do so in the constructor, by a CardError.
class ExecutionFaults {
 public:
  explicit ExecutionFaults(const Execution& execution);

  /// Waits as long as a hang lasts. Throws CardError when a reset ended it.
  void hang(const std::stop_token& stop) const;
  /// Spoils results already stored on the card.
  void corrupt() const;
  std::chrono::duration<double> extra_time() const;

 private:
  const Execution& execution_;
  std::vector<FaultRule> struck_;
};

}  // namespace axllama::softcard
