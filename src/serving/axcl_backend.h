#pragma once

#include <cstddef>

#include "axcl/runtime.h"
#include "serving/backend.h"
#include "serving/card_trust.h"

namespace axllama::serving {

/// Opens card `card_index` of the AXCL runtime that `options` describe. A model is loaded only on a card that
/// passed its self-test, and served only when its canary says what it should.
BackendFactory axcl_backend(axcl::RuntimeOptions options, std::size_t card_index, TrustOptions trust = {});

}  // namespace axllama::serving
