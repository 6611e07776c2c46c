#include "api/chat/options_object.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include "base/duration.h"
#include "base/error.h"
#include "telemetry/log.h"

namespace axllama::api::chat {
namespace {

constexpr int kLeastContext = 4;
constexpr std::size_t kMostStopBytes = 64 * 1024;  // of all stop strings together

/// Steer how other engines load and run a model; sent by many clients, without meaning here.
constexpr std::array<std::string_view, 18> kIgnored{
    "num_batch",    "num_gpu",      "main_gpu", "use_mmap",   "use_mlock",        "num_thread",
    "numa",         "low_vram",     "f16_kv",   "vocab_only", "logits_all",       "mirostat",
    "mirostat_tau", "mirostat_eta", "tfs_z",    "num_gqa",    "penalize_newline", "embedding_only"};

[[noreturn]] void refuse(std::string_view name, std::string_view type) {
  throw base::Error(base::ErrorCode::kInvalidArgument,
                    "option \"" + std::string(name) + "\" must be of type " + std::string(type));
}

/// Whole part, as Ollama takes it; values beyond an int are clamped.
int integer(std::string_view name, const Json& value) {
  if (!value.is_number()) {
    refuse(name, "integer");
  }
  const double number = std::trunc(value.get<double>());
  constexpr double kLeast = std::numeric_limits<int>::min();
  constexpr double kMost = std::numeric_limits<int>::max();
  return static_cast<int>(std::clamp(number, kLeast, kMost));
}

double number(std::string_view name, const Json& value) {
  if (!value.is_number()) {
    refuse(name, "float32");
  }
  return value.get<double>();
}

bool boolean(std::string_view name, const Json& value) {
  if (!value.is_boolean()) {
    refuse(name, "boolean");
  }
  return value.get<bool>();
}

std::vector<std::string> strings(std::string_view name, const Json& value) {
  if (!value.is_array()) {
    refuse(name, "array");
  }
  std::vector<std::string> result;
  std::size_t bytes = 0;
  for (const Json& element : value) {
    if (!element.is_string()) {
      throw base::Error(base::ErrorCode::kInvalidArgument,
                        "option \"" + std::string(name) + "\" must be of an array of strings");
    }
    result.push_back(element.get<std::string>());
    bytes += result.back().size();
  }
  if (bytes > kMostStopBytes) {
    throw base::Error(base::ErrorCode::kInvalidArgument, "option \"" + std::string(name) + "\" holds " +
                                                             std::to_string(bytes) + " bytes; the most is " +
                                                             std::to_string(kMostStopBytes));
  }
  return result;
}

std::optional<std::uint64_t> seed(std::string_view name, const Json& value) {
  if (!value.is_number()) {
    refuse(name, "integer");
  }
  if (value.is_number_unsigned()) {
    return value.get<std::uint64_t>();
  }
  const double number = std::trunc(value.get<double>());
  constexpr double kMost = 9.0e18;
  return number < 0 || number > kMost ? std::nullopt : std::optional(static_cast<std::uint64_t>(number));
}

/// A duration as keep_alive writes it: seconds, or a string such as "1m30s". At most a day, which is as good
/// as none.
std::chrono::nanoseconds timeout(std::string_view name, const Json& value) {
  constexpr std::chrono::nanoseconds kMost = std::chrono::hours(24);
  std::chrono::nanoseconds time{};
  if (value.is_string()) {
    time = base::parse_duration(value.get<std::string>());
  } else {
    const double seconds = std::clamp(number(name, value), -1.0, 24.0 * 3600.0);
    time = std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
  }
  if (time <= std::chrono::nanoseconds(0)) {
    throw base::Error(base::ErrorCode::kInvalidArgument, "option \"" + std::string(name) +
                                                             "\" must be longer than 0 seconds, not " +
                                                             base::format_duration(time));
  }
  return std::min(time, kMost);
}

/// False for a name that means nothing here.
bool set_option(GenerationOptions& options, std::string_view name, const Json& value) {
  inference::SamplingOptions& sampling = options.sampling;
  if (name == "temperature") {
    sampling.temperature = std::max(number(name, value), 0.0);
  } else if (name == "top_k") {
    sampling.top_k = integer(name, value);
  } else if (name == "top_p") {
    sampling.top_p = number(name, value);
  } else if (name == "min_p") {
    sampling.min_p = number(name, value);
  } else if (name == "typical_p") {
    sampling.typical_p = number(name, value);
  } else if (name == "repeat_last_n") {
    sampling.repeat_last_n = integer(name, value);
  } else if (name == "repeat_penalty") {
    sampling.repeat_penalty = number(name, value);
  } else if (name == "presence_penalty") {
    sampling.presence_penalty = number(name, value);
  } else if (name == "frequency_penalty") {
    sampling.frequency_penalty = number(name, value);
  } else if (name == "seed") {
    sampling.seed = seed(name, value);
  } else if (name == "repetition_guard") {
    sampling.repetition_guard = boolean(name, value);
  } else if (name == "num_predict") {
    options.num_predict = std::max(integer(name, value), -1);
  } else if (name == "num_ctx") {
    options.num_ctx = std::max(integer(name, value), kLeastContext);
  } else if (name == "draft_num_predict") {
    constexpr int kMost = inference::kLongestDraft;
    options.draft_num_predict = static_cast<std::size_t>(std::clamp(integer(name, value), 0, kMost));
  } else if (name == "num_keep") {
    options.num_keep = integer(name, value);
  } else if (name == "request_timeout") {
    options.request_timeout = timeout(name, value);
  } else if (name == "stop") {
    options.stop = strings(name, value);
  } else {
    return false;
  }
  return true;
}

}  // namespace

void set_options(GenerationOptions& result, const Json& options) {
  for (const auto& [name, value] : options.items()) {
    if (value.is_null() || set_option(result, name, value) ||
        std::find(kIgnored.begin(), kIgnored.end(), name) != kIgnored.end()) {
      continue;
    }
    telemetry::log(telemetry::LogLevel::kDebug, "an unknown option is ignored", {{"option", name}});
  }
}

}  // namespace axllama::api::chat
