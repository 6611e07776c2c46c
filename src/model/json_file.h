#pragma once

#include <filesystem>

#include <nlohmann/json_fwd.hpp>

namespace axllama::model {

/// Makes the folder where needed, writes beside `file` and renames: readers see the old content or the new
/// one. False, and nothing left behind, when that fails.
bool replace_json_file(const std::filesystem::path& file, const nlohmann::ordered_json& json);

}  // namespace axllama::model
