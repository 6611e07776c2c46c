#pragma once

#include <chrono>
#include <cstddef>

namespace axllama::api::streams {

/// What streams that can be taken up again may take. All of them together hold at most `total_bytes`, plus
/// `least_bytes` for each.
struct Limits {
  std::size_t streams = 256;                   // at once; further answers cannot be taken up again
  std::size_t stream_records = 32 * 1024;      // kept of one stream
  std::size_t stream_bytes = 4 * 1024 * 1024;  // kept of one stream
  std::size_t total_bytes = 64 * 1024 * 1024;  // kept of all streams
  std::size_t least_bytes = 64 * 1024;         // kept of a stream even when the others take too much
  std::size_t batch_bytes = 64 * 1024;         // given to a reader at once
  std::chrono::milliseconds grace{60'000};     // without a reader; then an answer in the making is cancelled
  std::chrono::milliseconds kept_after{300'000};  // without a reader after the end; then it is forgotten
};

}  // namespace axllama::api::streams
