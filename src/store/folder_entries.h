#pragma once

#include <filesystem>
#include <vector>

namespace axllama::store {

/// What a folder holds, in no particular order; nothing where it cannot be read.
std::vector<std::filesystem::path> folder_entries(const std::filesystem::path& folder);

}  // namespace axllama::store
