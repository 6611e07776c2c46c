#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "softcard/card/fault_rule.h"

namespace axllama::softcard {

class Reports;

/// Decides, call by call, which faults strike. Counts go on across axclFinalize and axclInit as long as the
/// rules stay the same. Any thread.
class FaultPlan {
 public:
  explicit FaultPlan(Reports& reports) : reports_(reports) {}

  /// Starts anew, unless these are the rules in force already.
  void set_rules(const std::vector<FaultRule>& rules);

  /// Every rule that strikes at this call, each counted and reported. `model` is empty where there is none.
  std::vector<FaultRule> strike(FaultPoint point, std::int32_t device, std::string_view model);
  /// The same for points with a single kind of fault; the first rule that strikes.
  std::optional<FaultRule> strike_one(FaultPoint point, std::int32_t device, std::string_view model = {});

  /// Cards that went offline, and what brings them back. Remembered like the counts.
  void set_offline(std::int32_t device, Recovery recovery);
  bool is_offline(std::int32_t device) const;
  /// `by` reset brings back what only needs a reset; `by` reboot also what needs a reboot.
  void recover(std::int32_t device, Recovery by);

  /// The code a rule answers with.
  static std::int32_t code_of(const FaultRule& rule) noexcept;

 private:
  struct State {
    FaultRule rule;
    std::uint64_t calls = 0;
    std::uint64_t struck = 0;
    std::mt19937_64 random;
    std::optional<std::chrono::steady_clock::time_point> since;  // first matching call
  };

  static bool strikes(State& state);

  Reports& reports_;
  mutable std::mutex mutex_;
  std::atomic<bool> any_offline_{false};
  std::map<std::int32_t, Recovery> offline_;
  std::vector<FaultRule> rules_;
  std::vector<State> states_;
};

}  // namespace axllama::softcard
