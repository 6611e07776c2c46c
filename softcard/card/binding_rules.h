#pragma once

#include <vector>

#include "softcard/card/execution.h"
#include "softcard/card/reports.h"

namespace axllama::softcard {

/// The binding rules the hardware was found to have (docs/softcard.md lists them), checked against one
/// execution. Returns one report per broken rule and tensor; empty when all is well. Rule 8 is not broken by
/// a chunk of too few rows itself, which leaves `output` untouched, but by the execution that uses this
/// output.
std::vector<Report> check_binding_rules(const Execution& execution);

}  // namespace axllama::softcard
