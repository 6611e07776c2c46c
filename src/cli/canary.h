#pragma once

#include <cstdint>
#include <filesystem>

namespace axllama::cli {

/// Loads a package just made on the software card and adds its canary record (canary.json), by which the
/// server notices later that it computes garbage. Where that cannot be done - no software card, or less
/// memory than the package's `bytes` - one line on stderr says so, and the server makes a record at the first
/// load.
void add_canary(const std::filesystem::path& package, std::uint64_t bytes);

}  // namespace axllama::cli
