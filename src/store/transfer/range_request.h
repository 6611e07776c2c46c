#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "store/transfer/remote_file.h"
#include "store/transfer/transfer_options.h"

namespace axllama::store {

/// A part of a remote file.
struct RangeRequest {
  std::string url;
  std::uint64_t begin = 0;  // bytes [begin, end)
  std::uint64_t end = 0;
  std::uint64_t size = 0;  // of the whole file
  std::function<void(std::uint64_t offset, std::string_view bytes)> take = {};
  /// Before the first byte; `whole`: the server knows no ranges and sends the file from its beginning.
  std::function<void(bool whole)> on_begin = {};
  /// What was taken so far is taken again from the beginning; its bytes.
  std::function<void(std::uint64_t bytes)> on_restart = {};
};

/// Fetches the part, with retries that go on where the last one ended. True when the server sent the whole
/// file instead. Throws Error when it cannot be had, or when the server's sizes contradict `size`.
bool fetch_range(http::Fetcher& fetcher, const RangeRequest& range, Authorization& authorization,
                 const TransferOptions& options, const std::atomic<bool>& stopped);

/// Whether the server has answered at all so far.
enum class Contact { kFirst, kUnderWay };

/// Sends a request again while its answer is transient (408, 429, 5xx) or the connection breaks, at most
/// TransferOptions::retries times, with growing pauses (or what Retry-After says), and once more with new
/// headers after a 401. On first contact, a server that cannot be reached is given up after two retries: its
/// name is likely wrong, or there is no network, and somebody waits to be told. The last answer may be any
/// status.
http::FetchResponse fetch_patiently(http::Fetcher& fetcher, http::FetchRequest request,
                                    Authorization& authorization, const TransferOptions& options,
                                    Contact contact, const std::atomic<bool>& stopped);

}  // namespace axllama::store
