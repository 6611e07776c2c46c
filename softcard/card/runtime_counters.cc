// What the runtime tells about itself: what was done, and what is held.

#include <cstdint>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

#include "softcard/card/runtime.h"

namespace axllama::softcard {

std::string Runtime::counters_json() const {
  std::uint64_t card_blocks = 0;
  std::uint64_t card_bytes = 0;
  {
    const std::scoped_lock lock(mutex_);
    for (const Slot& slot : slots_) {
      card_blocks += slot.device->memory().blocks().size();
      card_bytes += slot.device->memory().used();
    }
  }
  nlohmann::json counters = services_.counters.to_json();
  counters["held"] = {
      {"card_blocks", card_blocks},
      {"card_bytes", card_bytes},
      {"host_blocks", services_.host_memory.block_count()},
      {"host_bytes", services_.host_memory.bytes()},
      {"models", models_.size()},
      {"contexts", contexts_.size()},
      {"streams", streams_.size()},
      {"events", events_.size()},
      {"io_infos", infos_.size()},
      {"io_objects", objects_.size()},
  };
  return counters.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void Runtime::write_counters() {
  const auto settings = services_.settings();
  if (settings->counters_file.empty()) {
    return;
  }
  std::ofstream file(settings->counters_file);
  file << counters_json() << '\n';
  file.close();
  if (!file) {
    services_.reports.add(
        {.kind = "configuration",
         .text = "The counters cannot be written to " + settings->counters_file.string() + "."});
  }
}

}  // namespace axllama::softcard
