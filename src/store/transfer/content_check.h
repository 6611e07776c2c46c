#pragma once

#include <atomic>
#include <filesystem>

#include "store/transfer/remote_file.h"

namespace axllama::store {

/// Reads a fetched file and compares it with its digest, or with its git id when there is no digest. Throws
/// Error (kInvalidArgument) `digest mismatch, file must be downloaded again: want ..., got ...`, and
/// (kCancelled).
void check_content(const std::filesystem::path& path, const RemoteFile& file,
                   const std::atomic<bool>& stopped);

}  // namespace axllama::store
