#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/blob_store.h"
#include "store/transfer/remote_file.h"
#include "store/transfer/transfer_options.h"

namespace axllama::store {

/// How far a set of files is.
struct DownloadState {
  std::uint64_t total = 0;
  std::uint64_t completed = 0;
  std::vector<std::uint64_t> completed_of;  // by the files' order
};

/// Fetches files into blobs, several parts at once, each checked against its digest. What was fetched stays
/// for the next time when it ends early. Blobs that are there already are not fetched. Returns the digests in
/// the files' order; `pins` keeps the blobs.
///
/// `report` is called at least every TransferOptions::report_every and at the end. Throws Error: a full disk
/// is told before anything is fetched.
std::vector<Digest> download(BlobStore& blobs, const std::filesystem::path& partial_folder,
                             const std::vector<RemoteFile>& files, Authorization& authorization,
                             const TransferOptions& options,
                             const std::function<void(const DownloadState&)>& report,
                             const std::atomic<bool>& cancelled, std::vector<std::unique_ptr<BlobPin>>& pins);

}  // namespace axllama::store
