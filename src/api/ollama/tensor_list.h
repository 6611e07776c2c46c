#pragma once

#include "api/json_body.h"
#include "model/package.h"

namespace axllama::api::ollama {

/// The tensors of a package as POST /api/show lists them, [{"name", "type", "shape"}]: the embedding table,
/// and what layer files and head hold. Files of the vendor's compiler are the card's own machine code and
/// list none.
Json tensor_list(const model::Package& package);

}  // namespace axllama::api::ollama
