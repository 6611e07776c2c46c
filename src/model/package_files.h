#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "model/package.h"
#include "model/package_config.h"

namespace axllama::model {

/// Finds and counts the files of a package: those config.json names, else by the patterns vendors use
/// (NAME_p128_l0_together.axmodel, NAME_l0.axmodel, NAME_post.axmodel,
/// model.embed_tokens.weight.bfloat16.bin). Throws Error (kNotFound, kInvalidArgument) for missing, doubled,
/// mixed and empty files.
PackageFiles find_package_files(const std::filesystem::path& folder, const PackageConfig& config);

/// Throws Error (kInvalidArgument) when a file of the folder, or of a tokenizer folder in it, is a git-LFS
/// pointer: the placeholder a clone leaves when the content was not downloaded. Names the file and both
/// sizes.
void refuse_lfs_pointers(const std::filesystem::path& folder);

/// Size of all regular files of a package, without hidden folders.
std::uint64_t package_bytes(const std::filesystem::path& folder);

/// The folder that holds the Hugging Face tokenizer files: `folder` itself or a `*tokenizer*` folder in it.
std::filesystem::path tokenizer_folder(const std::filesystem::path& folder);

}  // namespace axllama::model
