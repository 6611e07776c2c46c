#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

#include "inference/model_runner.h"

namespace axllama::inference {

/// Makes each kind of engine call once whose cost the runner does not know: a decode step, and a full chunk
/// of each prefill group behind as many cached rows as it is made for. Before each call `go_on` (empty:
/// always) may end that, and no chunk is begun that is expected to end later than `most` after the beginning.
/// Needs an idle slot, which holds nothing then. Returns the number of calls. Throws as
/// ModelRunner::evaluate() does; the slot is distrusted then.
std::size_t measure_unknown_costs(ModelRunner& runner, std::chrono::nanoseconds most,
                                  const std::function<bool()>& go_on);

}  // namespace axllama::inference
