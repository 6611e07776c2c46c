#pragma once

#include <filesystem>
#include <string>

namespace axllama::cli {

/// The folder of a package, given by path or by the name of an installed model. Throws Error (kNotFound).
std::filesystem::path find_model_folder(const std::string& name_or_path);

}  // namespace axllama::cli
