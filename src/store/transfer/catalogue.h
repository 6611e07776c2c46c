#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "store/model_name.h"

namespace axllama::store {

/// Where a package lies on the Hugging Face hub.
struct PackageSource {
  std::string repository;         // "OWNER/REPO"
  std::string revision = "main";  // branch, tag or commit
  std::string folder = {};        // within the repository; empty: found by its files
};

/// The package for a name such as "qwen3:4b": from the user's catalogue (a JSON object of names and
/// "OWNER/REPO[:REVISION][/FOLDER]"), else from the built-in one. Empty when neither knows the name; then a
/// registry is asked. Throws Error when the user's file cannot be used.
std::optional<PackageSource> find_in_catalogue(const ModelName& name, const std::filesystem::path& own);

/// Reads "OWNER/REPO[:REVISION][/FOLDER]". Throws Error (kInvalidArgument).
PackageSource parse_package_source(const std::string& text);

}  // namespace axllama::store
