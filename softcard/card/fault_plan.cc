#include "softcard/card/fault_plan.h"

#include "softcard/card/error.h"
#include "softcard/card/reports.h"

namespace axllama::softcard {

void FaultPlan::set_rules(const std::vector<FaultRule>& rules) {
  const std::scoped_lock lock(mutex_);
  if (rules == rules_) {
    return;
  }
  rules_ = rules;
  states_.clear();
  offline_.clear();
  any_offline_ = false;
  for (const FaultRule& rule : rules) {
    states_.push_back({.rule = rule, .random = std::mt19937_64(rule.seed), .since = {}});
  }
}

bool FaultPlan::strikes(State& state) {
  const FaultRule& rule = state.rule;
  ++state.calls;
  const auto now = std::chrono::steady_clock::now();
  if (!state.since) {
    state.since = now;
  }
  if (state.calls < rule.at || (rule.times != 0 && state.struck >= rule.times)) {
    return false;
  }
  const bool lasts = rule.point() == FaultPoint::kInit || rule.point() == FaultPoint::kList;
  if (lasts && rule.ms != 0 && now - *state.since >= std::chrono::milliseconds(rule.ms)) {
    return false;
  }
  if (rule.probability < 1) {
    constexpr double kScale = 0x1p-53;
    if (static_cast<double>(state.random() >> 11U) * kScale >= rule.probability) {
      return false;
    }
  }
  ++state.struck;
  return true;
}

std::vector<FaultRule> FaultPlan::strike(FaultPoint point, std::int32_t device, std::string_view model) {
  std::vector<FaultRule> struck;
  const std::scoped_lock lock(mutex_);
  for (State& state : states_) {
    const FaultRule& rule = state.rule;
    if (rule.point() != point || (rule.device >= 0 && rule.device != device) || !matches(rule.model, model)) {
      continue;
    }
    if (strikes(state)) {
      struck.push_back(rule);
      reports_.add({.kind = "fault",
                    .model = std::string(model),
                    .text = "Fault " + std::string(rule.name()) + " strikes at call " +
                            std::to_string(state.calls) + (model.empty() ? "" : " of " + std::string(model)) +
                            "."});
    }
  }
  return struck;
}

std::optional<FaultRule> FaultPlan::strike_one(FaultPoint point, std::int32_t device,
                                               std::string_view model) {
  const auto struck = strike(point, device, model);
  return struck.empty() ? std::nullopt : std::optional(struck.front());
}

void FaultPlan::set_offline(std::int32_t device, Recovery recovery) {
  const std::scoped_lock lock(mutex_);
  offline_[device] = recovery;
  any_offline_ = true;
}

bool FaultPlan::is_offline(std::int32_t device) const {
  if (!any_offline_) {
    return false;
  }
  const std::scoped_lock lock(mutex_);
  return offline_.contains(device);
}

void FaultPlan::recover(std::int32_t device, Recovery by) {
  const std::scoped_lock lock(mutex_);
  const auto found = offline_.find(device);
  if (found != offline_.end() && found->second <= by && by != Recovery::kNever) {
    offline_.erase(found);
    any_offline_ = !offline_.empty();
  }
}

std::int32_t FaultPlan::code_of(const FaultRule& rule) noexcept {
  if (rule.code != 0) {
    return rule.code;
  }
  switch (rule.kind) {
    case FaultKind::kNoCard:
    case FaultKind::kHiddenCard:
      return code::kDeviceOpen;
    case FaultKind::kMallocError:
      return code::kMemoryExhausted;
    case FaultKind::kLoadError:
    case FaultKind::kOutOfMemory:
      return code::kEngineDecode;
    case FaultKind::kCopyError:
      return code::kMemoryFail;
    case FaultKind::kHang:
    case FaultKind::kLoadHang:
    case FaultKind::kOffline:
      return code::kDeviceNotConnected;
    case FaultKind::kPropertiesError:
      return code::kDeviceQuery;
    case FaultKind::kSubmitError:
    case FaultKind::kLostWork:
    case FaultKind::kReorderedWork:
    case FaultKind::kLateWork:
      return code::kStreamIllegal;
    case FaultKind::kExecuteError:
    case FaultKind::kSlowExecute:
    case FaultKind::kCorrupt:
      return code::kEngineExecute;
  }
  return code::kEngineExecute;
}

}  // namespace axllama::softcard
