#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace axllama::axcl {

inline constexpr const char* kVendorLibraryName = "libaxcl_rt.so";

/// The outcome of opening one library. `handle` is null unless the library and all it needs were loaded; a
/// library is never used in part. `found` tells "there is none" from "there is one, but it cannot be loaded".
struct LibraryAttempt {
  void* handle = nullptr;
  std::filesystem::path path;  // as loaded; as asked for when it was not
  bool found = false;
  std::string problem;  // a full sentence when handle is null
};

/// Opens `file`. Where its dependencies are not on the loader's path, those of the vendor's chain that lie
/// beside it are opened first, in the order they need each other.
LibraryAttempt open_library_file(const std::filesystem::path& file);

/// Opens the vendor's runtime: first as the loader finds it, then from `folder`. A software card under the
/// same name is passed over.
LibraryAttempt open_vendor_library(const std::filesystem::path& folder);

/// Where this program's software card may be, in order: AXLLAMA_SOFTCARD_LIBRARY alone if it is set; else
/// below the program in a build tree and in an installed tree.
std::vector<std::filesystem::path> software_card_candidates();

}  // namespace axllama::axcl
