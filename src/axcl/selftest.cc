#include "axcl/selftest.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <mutex>
#include <system_error>
#include <tuple>
#include <utility>

#include "axcl/model.h"
#include "axcl/selftest_rules.h"
#include "axcl/selftest_stream.h"
#include "axcl/selftest_uses.h"
#include "base/error.h"

namespace axllama::axcl {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::array<std::string_view, 6> kVerdictNames = {"passed",  "FAILED", "skipped",
                                                           "refused", "works",  "silently wrong"};

bool is_failure(const SelfTestCheck& check) {
  return check.verdict == Verdict::kFailed;
}

}  // namespace

std::string_view verdict_name(Verdict verdict) noexcept {
  return kVerdictNames[static_cast<std::size_t>(verdict)];
}

std::string_view conduct_name(Conduct conduct) noexcept {
  switch (conduct) {
    case Conduct::kRefuses:
      return "refuses broken rules";
    case Conduct::kSilent:
      return "computes silently wrong results when rules are broken";
    case Conduct::kMixed:
      return "refuses some broken rules and computes silently wrong results for others";
    case Conduct::kUnknown:
      break;
  }
  return "not known to punish broken rules";
}

const SelfTestCheck* SelfTestReport::check(std::string_view name) const noexcept {
  const auto found =
      std::find_if(checks.begin(), checks.end(), [&](const auto& check) { return check.name == name; });
  return found == checks.end() ? nullptr : &*found;
}

const SelfTestCheck* SelfTestReport::first_failure() const noexcept {
  const auto found = std::find_if(checks.begin(), checks.end(), is_failure);
  return found == checks.end() ? nullptr : &*found;
}

Conduct SelfTestReport::conduct() const noexcept {
  const auto any = [this](Verdict verdict) {
    return std::any_of(checks.begin(), checks.end(),
                       [&](const auto& c) { return c.rule != 0 && c.verdict == verdict; });
  };
  const bool refused = any(Verdict::kRefused);
  const bool wrong = any(Verdict::kWrong);
  if (refused && wrong) return Conduct::kMixed;
  if (refused) return Conduct::kRefuses;
  return wrong ? Conduct::kSilent : Conduct::kUnknown;
}

bool SelfTestReport::asynchronous() const noexcept {
  const SelfTestCheck* found = check(kAsynchronousCheck);
  return found != nullptr && found->verdict == Verdict::kPassed;
}

bool SelfTestReport::chunks_equal_decodes() const noexcept {
  const SelfTestCheck* found = check(kSameRowsCheck);
  return found != nullptr && found->verdict == Verdict::kPassed;
}

SelfTestReport run_self_test(Card& card, const std::filesystem::path& layer, SelfTestOptions options) {
  SelfTestReport report;
  report.layer = layer.filename().string();
  if (!card.runtime().computes()) {
    report.checks.push_back({"arithmetic", 0, Verdict::kSkipped,
                             "The software card is set to compute nothing or to replay a script."});
    return report;
  }
  Model model(card, layer);
  std::optional<LayerForm> form;
  try {
    form = LayerForm::of(model);
  } catch (const Error& error) {
    report.checks.push_back({"form", 0, Verdict::kSkipped, error.message()});
    return report;
  }
  SelfTestUses uses(card, model, *form);
  report.checks = uses.run();
  report.execute_us = uses.execute_us();
  report.copy_us = uses.copy_us();
  if (report.first_failure() == nullptr) {
    report.checks.push_back(SelfTestStream(card, model, *form).run(report.copy_us));
  }
  if (options.break_rules && report.first_failure() == nullptr) {
    auto broken = SelfTestRules(card, model, *form).run();
    std::move(broken.begin(), broken.end(), std::back_inserter(report.checks));
  }
  return report;
}

std::shared_ptr<const SelfTestReport> self_test_once(Card& card, const std::filesystem::path& layer) {
  using Key = std::tuple<std::string, std::int32_t, std::string, std::uintmax_t>;
  static std::mutex mutex;
  static std::map<Key, std::shared_ptr<const SelfTestReport>> passed;

  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(layer, error);
  const Key key{card.runtime().library().string() + " " + card.runtime().version(), card.device_id(),
                layer.filename().string(), error ? 0 : size};
  {
    const std::lock_guard lock(mutex);
    if (const auto found = passed.find(key); found != passed.end()) return found->second;
  }
  auto report = std::make_shared<const SelfTestReport>(run_self_test(card, layer));
  if (report->first_failure() == nullptr && card.runtime().computes()) {
    const std::lock_guard lock(mutex);
    passed[key] = report;
  }
  return report;
}

void require_passed(const SelfTestReport& report) {
  if (const SelfTestCheck* failure = report.first_failure()) {
    throw Error(ErrorCode::kDevice, "The card's results cannot be trusted: the self-test's check \"" +
                                        failure->name + "\" failed with " + report.layer + ". " +
                                        failure->detail);
  }
}

}  // namespace axllama::axcl
