#include "softcard/abi/softcard_ext.h"

#include <cstring>
#include <mutex>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "softcard/abi/entry.h"
#include "softcard/abi/settings_source.h"
#include "softcard/card/timing_profile.h"

namespace axllama::softcard {

namespace {

std::mutex configured_mutex;
std::optional<Settings> configured;

std::int32_t copy_out(const std::string& text, char* buffer, std::uint64_t capacity, std::uint64_t* needed) {
  const std::uint64_t size = text.size() + 1;
  if (needed != nullptr) {
    *needed = size;
  }
  if (buffer == nullptr || capacity < size) {
    if (buffer != nullptr && capacity != 0) {
      *buffer = '\0';
    }
    return static_cast<std::int32_t>(generic::kNullPointer);
  }
  std::memcpy(buffer, text.c_str(), size);
  return 0;
}

}  // namespace

Settings current_settings() {
  {
    const std::scoped_lock lock(configured_mutex);
    if (configured) {
      return *configured;
    }
  }
  try {
    return settings_from_environment();
  } catch (const SettingsError& error) {
    runtime().services().reports.add({.kind = "configuration", .text = error.what()});
    throw CardError(code::kDeviceOpen, error.what());
  }
}

}  // namespace axllama::softcard

using axllama::softcard::guarded;
using axllama::softcard::runtime;

std::int32_t axllamaSoftcardCounters(char* json, std::uint64_t capacity, std::uint64_t* needed) {
  return guarded(
      [&] { return axllama::softcard::copy_out(runtime().counters_json(), json, capacity, needed); });
}

std::int32_t axllamaSoftcardResetCounters() {
  return guarded([] { runtime().services().counters.reset(); });
}

std::int32_t axllamaSoftcardReports(char* json, std::uint64_t capacity, std::uint64_t* needed) {
  return guarded([&] {
    return axllama::softcard::copy_out(runtime().services().reports.to_json(), json, capacity, needed);
  });
}

std::int32_t axllamaSoftcardClearReports() {
  return guarded([] { runtime().services().reports.clear(); });
}

std::int32_t axllamaSoftcardTiming(char* json, std::uint64_t capacity, std::uint64_t* needed) {
  return guarded([&] {
    const auto settings = runtime().services().settings();
    return axllama::softcard::copy_out(axllama::softcard::timing_json(settings->timing).dump(), json,
                                       capacity, needed);
  });
}

std::int32_t axllamaSoftcardLastError(char* text, std::uint64_t capacity, std::uint64_t* needed) {
  return guarded(
      [&] { return axllama::softcard::copy_out(axllama::softcard::last_error(), text, capacity, needed); });
}

std::int32_t axllamaSoftcardConfigure(const char* json) {
  return guarded([&] {
    using namespace axllama::softcard;
    std::optional<Settings> next;
    if (json != nullptr) {
      try {
        next = parse_settings(json);
      } catch (const SettingsError& error) {
        throw CardError(static_cast<std::int32_t>(generic::kIllegal), error.what());
      }
    }
    {
      const std::scoped_lock lock(configured_mutex);
      configured = next;
    }
    runtime().services().set_settings(current_settings());
  });
}

std::int32_t axllamaSoftcardComputes() {
  return runtime().services().settings()->compute == axllama::softcard::Compute::kReal ? 1 : 0;
}
