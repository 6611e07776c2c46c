#pragma once

#include <cstddef>

#include "axcl/runtime.h"
#include "serving/backend.h"

namespace axllama::serving {

/// Opens card `card_index` of the AXCL runtime that `options` describe.
BackendFactory axcl_backend(axcl::RuntimeOptions options, std::size_t card_index);

}  // namespace axllama::serving
