#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace axllama::http {

/// What one client may take of the server. Every queue, buffer and wait of this room is bounded by a line of
/// this table.
struct Limits {
  std::size_t connections = 1024;        // at once, over all listeners; more get 503
  std::size_t header_bytes = 64 * 1024;  // request line and fields; more gets 431
  std::uint64_t body_bytes =
      64ULL * 1024 * 1024;  // of one request, unless its route says otherwise; more gets 413
  std::uint64_t buffered_body_bytes =
      512ULL * 1024 * 1024;  // of all requests being read or answered; more gets 503
  std::uint64_t discarded_body_bytes =
      256 * 1024;                           // read to keep a connection after a refusal; else it is closed
  std::size_t pipelined_bytes = 64 * 1024;  // read ahead while an answer is made
  std::chrono::milliseconds header_timeout{30'000};      // from the first byte to the end of the header; 408
  std::chrono::milliseconds idle_timeout{300'000};       // between two requests of a connection
  std::chrono::milliseconds body_stall_timeout{30'000};  // without a byte of the body; 408
  std::chrono::milliseconds body_timeout{900'000};       // for the whole body; 408
  std::chrono::milliseconds write_stall_timeout{
      120'000};  // without a byte taken by the client; the connection is ended
  std::chrono::milliseconds linger_timeout{2'000};  // for a refused client to read the refusal
  std::chrono::milliseconds accept_pause{100};      // after the system ran out of descriptors
};

}  // namespace axllama::http
