#pragma once

#include <cstddef>

namespace axllama::cli {

/// How fast this machine streams memory it has not cached: `threads` threads read a buffer far larger than
/// the caches, in transparent huge pages where the system gives them.
struct ReadBandwidth {
  std::size_t threads = 0;
  double best_gb_per_s = 0;     // best pass
  double average_gb_per_s = 0;  // over all passes
};

ReadBandwidth measure_read_bandwidth(std::size_t threads);

}  // namespace axllama::cli
