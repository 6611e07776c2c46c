#include "serving/card_trust.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "axcl/selftest.h"
#include "base/error.h"
#include "inference/canary.h"
#include "telemetry/log.h"

namespace axllama::serving {
namespace {

namespace fs = std::filesystem;
using telemetry::LogLevel;

/// FNV-1a over what identifies a file without reading it.
class Identity {
 public:
  void add(const fs::path& file) {
    std::error_code error;
    mix(file.filename().string());
    mix(std::to_string(fs::file_size(file, error)));
    mix(std::to_string(fs::last_write_time(file, error).time_since_epoch().count()));
  }
  std::string hex() const {
    std::array<char, 17> text{};
    std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(hash_));
    return text.data();
  }

 private:
  void mix(std::string_view text) {
    for (const char c : text) {
      hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    }
    hash_ *= 0x100000001b3ULL;
  }
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

void log_report(const axcl::SelfTestReport& report) {
  std::size_t passed = 0;
  for (const axcl::SelfTestCheck& check : report.checks) {
    if (check.verdict == axcl::Verdict::kPassed) ++passed;
    if (check.verdict == axcl::Verdict::kSkipped) {
      telemetry::log(LogLevel::kDebug, "self-test check skipped",
                     {{"check", check.name}, {"why", check.detail}});
    }
  }
  if (const axcl::SelfTestCheck* failure = report.first_failure()) {
    telemetry::log(LogLevel::kError, "the card failed its self-test",
                   {{"check", failure->name}, {"layer", report.layer}, {"detail", failure->detail}});
    return;
  }
  telemetry::log(LogLevel::kInfo, "the card passed its self-test",
                 {{"checks", std::to_string(passed)},
                  {"layer", report.layer},
                  {"execute_us", std::to_string(std::lround(report.execute_us))},
                  {"call_us", std::to_string(std::lround(report.copy_us))},
                  {"calls", report.asynchronous() ? "asynchronous" : "one by one"}});
  const axcl::SelfTestCheck* streams = report.check(axcl::kAsynchronousCheck);
  if (streams != nullptr && !report.asynchronous()) {
    telemetry::log(LogLevel::kInfo, "the card is not given work asynchronously", {{"why", streams->detail}});
  }
}

}  // namespace

fs::path canary_record_file(const fs::path& records, const model::Package& package) {
  Identity identity;
  for (const fs::path& layer : package.files().layers) identity.add(layer);
  identity.add(package.files().head);
  identity.add(package.files().embedding);
  return records / (package.files().name + "-" + identity.hex() + ".json");
}

CardAbilities CardTrust::check_card(const model::Package& package) {
  if (!card_.runtime().computes()) return {.chunks_equal_decodes = true};
  if (!options_.enabled) return {.chunks = "The card was not tested (AXLLAMA_CARD_CHECKS=off)."};
  const auto before = card_.counters().executes;
  const auto report = axcl::self_test_once(card_, package.files().layers.front());
  if (card_.counters().executes != before) log_report(*report);
  axcl::require_passed(*report);
  const axcl::SelfTestCheck* chunks = report->check(axcl::kSameRowsCheck);
  return {.asynchronous = report->asynchronous(),
          .chunks_equal_decodes = report->chunks_equal_decodes(),
          .chunks = chunks == nullptr ? "Layers of this form are not tested." : chunks->detail};
}

void CardTrust::check_model(inference::Engine& engine) {
  if (!options_.enabled || !card_.runtime().computes()) return;
  const model::Package& package = engine.package();
  if (const auto recorded = model::read_canary(package.files().folder / model::kCanaryFile)) {
    inference::check_canary(engine, *recorded);
    return;
  }
  const fs::path file = options_.records.empty() ? fs::path() : canary_record_file(options_.records, package);
  std::optional<model::CanaryRecord> recorded;
  try {
    if (!file.empty()) recorded = model::read_canary(file);
  } catch (const base::Error& error) {
    telemetry::log(LogLevel::kWarning, "a canary record is not usable and is made anew",
                   {{"why", error.message()}});
  }
  if (recorded) {
    inference::check_canary(engine, *recorded);
    return;
  }
  const model::CanaryRecord fresh = inference::record_canary(engine, {}, card_.runtime().version());
  if (file.empty()) return;
  try {
    model::write_canary(file, fresh);
    telemetry::log(LogLevel::kInfo, "recorded a canary for a package that brings none",
                   {{"model", package.files().name}, {"file", file.string()}});
  } catch (const base::Error& error) {
    telemetry::log(LogLevel::kWarning, error.message());
  }
}

}  // namespace axllama::serving
