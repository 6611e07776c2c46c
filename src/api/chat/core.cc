#include "api/chat/core.h"

#include "api/request_body.h"
#include "telemetry/log.h"

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

Core::Core(serving::InferenceService& inference, const store::Library& models, const CoreOptions& asked)
    : service(inference), library(models), options(asked), contexts(inference), streams(asked.streams) {
  if (options.keep_requests) {
    archive.emplace();
    telemetry::log(telemetry::LogLevel::kWarning, "requests are written down",
                   {{"folder", archive->folder().string()}});
  }
}

Json take_request(Core& core, http::Request& request) {
  if (core.archive) {
    core.archive->save(request);
  }
  return take_json_body(request);
}

}  // namespace axllama::api::chat
