#include "cli/pause.h"

#include <condition_variable>
#include <mutex>

namespace axllama::cli {

bool pause_for(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  return !wake.wait_for(lock, stop, time, [&stop] { return stop.stop_requested(); });
}

}  // namespace axllama::cli
