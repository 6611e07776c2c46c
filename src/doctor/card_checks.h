#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "axcl/runtime.h"
#include "doctor/finding.h"

namespace axllama::doctor {

struct CardCheckOptions {
  axcl::RuntimeOptions runtime;
  bool card_on_the_bus = false;  // then ending up on the software card is a failure
  /// A layer of a model, to test each card with; without one only what cards say about themselves is checked.
  std::optional<std::filesystem::path> layer;
};

/// Opens the runtime and each of its cards, reads their properties and tests them, breaking the binding rules
/// on purpose too. Takes seconds on hardware. Never throws for what it finds.
std::vector<Finding> check_cards(const CardCheckOptions& options);

}  // namespace axllama::doctor
