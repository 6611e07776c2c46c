#include "api/preloader.h"

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <variant>

#include "api/chat/open_model.h"
#include "base/error.h"
#include "telemetry/log.h"

namespace axllama::api {
namespace {

using telemetry::LogLevel;

constexpr std::chrono::milliseconds kReaction{100};  // to the server's end

/// False when the server ends meanwhile. Throws what loading does.
bool wait_until_loaded(serving::ResponseStream& stream, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const std::optional<serving::ResponseEvent> event = stream.next(kReaction);
    if (!event) {
      continue;
    }
    if (const auto* error = std::get_if<base::Error>(&*event)) {
      throw *error;
    }
    if (const auto* token = std::get_if<inference::TokenEvent>(&*event); token != nullptr && token->done) {
      return true;
    }
  }
  return false;
}

void preload(serving::InferenceService& service, const store::Library& library, const std::string& name,
             bool pin, const std::stop_token& stop) {
  try {
    serving::ModelReference model = chat::open_model(library, name).reference();
    const std::shared_ptr<serving::ResponseStream> stream =
        pin ? service.pin(std::move(model)) : service.load(std::move(model), std::nullopt);
    if (wait_until_loaded(*stream, stop)) {
      telemetry::log(LogLevel::kInfo, pin ? "pinned a model" : "preloaded a model", {{"model", name}});
    }
  } catch (const std::exception& error) {
    telemetry::log(LogLevel::kWarning, "a model could not be preloaded",
                   {{"model", name}, {"error", error.what()}});
  }
}

}  // namespace

Preloader::Preloader(serving::InferenceService& service, const store::Library& library, PreloadPlan plan)
    : thread_([&service, &library, plan = std::move(plan)](const std::stop_token& stop) {
        for (const bool pin : {true, false}) {
          for (const std::string& name : pin ? plan.pinned : plan.loaded) {
            if (!stop.stop_requested()) {
              preload(service, library, name, pin, stop);
            }
          }
        }
      }) {}

}  // namespace axllama::api
