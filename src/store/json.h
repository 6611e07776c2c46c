#pragma once

#include <nlohmann/json.hpp>

namespace axllama::store {

/// Members keep their order, so that what is read and written again stays as it was.
using Json = nlohmann::ordered_json;

}  // namespace axllama::store
