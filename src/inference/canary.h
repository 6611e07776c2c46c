#pragma once

#include <optional>
#include <string>

#include "inference/engine.h"
#include "model/canary_record.h"

namespace axllama::inference {

// The canary: a fixed prompt whose logits are compared with what the model said when its package was made (or
// when it was first loaded on a card that had passed its self-test). A package that computes garbage -
// damaged or mixed files, a card that went bad - is found before anybody reads its answers.

/// Share of the recorded logits' spread by which today's may differ. Other kernels, instruction sets and
/// cards give a few percent; unrelated logits give 100 % and more.
inline constexpr double kCanaryTolerance = 0.2;

/// Evaluates the canary's prompt (that of `like`, if given) on an idle engine, and forgets it again. Throws
/// Error (kInternal) when the logits are no logits: not finite, or all alike.
model::CanaryRecord record_canary(Engine& engine, const std::optional<model::CanaryRecord>& like,
                                  const std::string& recorded_by);

/// |a - b| over the recorded tokens, as a share of b's spread around its mean.
double canary_difference(const model::CanaryRecord& now, const model::CanaryRecord& recorded);

/// Evaluates and compares; returns the difference. Throws Error (kInternal) naming the package, the
/// difference and the tolerance; kInvalidArgument when the record does not suit the package's vocabulary.
double check_canary(Engine& engine, const model::CanaryRecord& recorded);

}  // namespace axllama::inference
