#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace axllama::store {

/// A package folder as far as a listing looks at it.
struct PackageListing {
  std::filesystem::path folder;
  std::string digest;  // see ModelRecord::digest
  std::uint64_t bytes = 0;
  std::chrono::system_clock::time_point modified_at;
  std::chrono::system_clock::time_point
      changed_at;                     // the newest change of a file, which copying cannot set back
  bool has_unfinished_files = false;  // names that copying and downloading programs use meanwhile
};

/// The packages among the folders in `root`, by name; none when it cannot be read. A package has at least one
/// *.axmodel file.
std::vector<PackageListing> list_packages(const std::filesystem::path& root);

}  // namespace axllama::store
