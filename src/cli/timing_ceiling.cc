#include "cli/timing_ceiling.h"

#include <nlohmann/json.hpp>

namespace axllama::cli {

TimingCeiling timing_ceiling(const std::string& timing, const TokenCost& cost) {
  TimingCeiling ceiling;
  if (timing.empty()) return ceiling;
  const auto json = nlohmann::json::parse(timing);
  const auto field = [&](const char* name) { return json.value(name, 0.0); };
  const auto at_rate = [](std::uint64_t bytes, double per_second) {
    return per_second > 0 ? static_cast<double>(bytes) / per_second : 0;
  };
  constexpr double kGiga = 1e9;
  constexpr double kMega = 1e6;
  constexpr double kMicro = 1e-6;
  ceiling.weights = at_rate(cost.weight_bytes, field("weight_gb_per_s") * kGiga);
  ceiling.cache = at_rate(cost.cache_bytes, field("cache_gb_per_s") * kGiga);
  ceiling.calls = static_cast<double>(cost.calls) * field("call_us") * kMicro +
                  static_cast<double>(cost.executions) * field("execute_us") * kMicro +
                  at_rate(cost.bytes_moved, field("copy_mb_per_s") * kMega);
  if (ceiling.seconds() > 0) ceiling.profile = json.value("profile", "");
  return ceiling;
}

}  // namespace axllama::cli
