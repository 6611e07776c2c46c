#pragma once

#include <string_view>
#include <vector>

#include "softcard/kernels/kernel_table.h"

namespace axllama::softcard {

/// The kernel tables this processor can run, fastest first; never empty ("scalar" is always last).
const std::vector<const KernelTable*>& available_kernels();

/// The table of that name if this processor can run it, else null.
const KernelTable* find_kernels(std::string_view name);

/// The table in use: the one named by AXLLAMA_SOFTCARD_ISA at the first call if it can run, else the fastest.
const KernelTable& kernels();

}  // namespace axllama::softcard
