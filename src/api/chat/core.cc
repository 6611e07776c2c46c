#include "api/chat/core.h"

namespace axllama::api::chat {

std::optional<std::size_t> ContextLengths::find(const OpenModel& model) {
  const std::string& digest = model.record.package_digest;
  for (const serving::LoadedModel& loaded : service_.loaded()) {
    if (loaded.model.digest == digest && !loaded.loading && loaded.context_length > 0) {
      const std::lock_guard lock(mutex_);
      seen_[digest] = loaded.context_length;
      return loaded.context_length;
    }
  }
  const std::lock_guard lock(mutex_);
  const auto found = seen_.find(digest);
  return found != seen_.end() ? std::optional(found->second) : model.package->context_length();
}

}  // namespace axllama::api::chat
