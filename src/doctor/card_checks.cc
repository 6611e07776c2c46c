#include "doctor/card_checks.h"

#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include "axcl/card.h"
#include "axcl/selftest.h"
#include "base/error.h"

namespace axllama::doctor {
namespace {

constexpr double kHot = 95;           // degrees Celsius; the chip resets itself at 120
constexpr double kLittleFree = 0.25;  // share of card memory that should be free before anything is loaded
constexpr const char* kReset =
    "sudo axcl-smi reboot -d 0  (if that does not help: switch the card's power off)";

std::string rounded(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.0f", value);
  return text.data();
}

/// Major and minor number of "V3.10.2_2025..." or "3.10.2".
std::pair<int, int> version_of(const std::string& text) {
  int major = 0;
  int minor = 0;
  const std::size_t digits = text.find_first_of("0123456789");
  if (digits != std::string::npos) std::sscanf(text.c_str() + digits, "%d.%d", &major, &minor);
  return {major, minor};
}

Finding check_runtime(const axcl::Runtime& runtime, const CardCheckOptions& options) {
  const std::string what = (runtime.is_software_card() ? "The software card " : "The runtime ") +
                           runtime.library().string() + " (" + runtime.version() + ") lists " +
                           std::to_string(runtime.devices().size()) +
                           (runtime.devices().size() == 1 ? " card." : " cards.");
  if (runtime.is_software_card() && options.card_on_the_bus) {
    return {"runtime", Status::kFailed,
            "The card on the bus is not used. " + runtime.fallback_reason() + " " + what, kReset};
  }
  if (runtime.is_software_card()) return {"runtime", Status::kNote, what, {}};
  if (version_of(runtime.version()) < std::pair{3, 6}) {
    return {"runtime", Status::kWarning,
            what + " Releases before 3.6 are not known to run chunks of a prompt rightly.",
            "sudo apt-get update && sudo apt-get install axclhost"};
  }
  return {"runtime", Status::kOk, what, {}};
}

Finding check_firmware(const std::string& card, const axcl::CardProperties& properties,
                       const axcl::Runtime& runtime) {
  const auto numbers = version_of(properties.firmware);
  if (numbers.first != 0 && numbers != version_of(runtime.version())) {
    return {"firmware", Status::kWarning,
            card + " has the firmware " + properties.firmware + ", but the runtime is " + runtime.version() +
                "; they belong together.",
            "sudo apt-get install --reinstall axclhost && sudo reboot"};
  }
  return {"firmware", Status::kOk, card + " has the firmware " + properties.firmware + ".", {}};
}

Finding check_temperature(const std::string& card, const axcl::CardProperties& properties) {
  const std::string text = card + " is at " + rounded(properties.temperature_celsius) + " degrees Celsius";
  if (properties.temperature_celsius >= kHot) {
    return {"temperature", Status::kWarning, text + "; it resets itself at 120.",
            "Give the card a fan and free air"};
  }
  return {"temperature", Status::kOk, text + ".", {}};
}

Finding check_card_memory(const std::string& card, const axcl::CardProperties& properties) {
  constexpr std::uint64_t kMebibyte = 1ULL << 20U;
  const std::string text = card + " has " + std::to_string(properties.cmm_free_bytes / kMebibyte) + " of " +
                           std::to_string(properties.cmm_total_bytes / kMebibyte) +
                           " MiB of model memory free";
  if (static_cast<double>(properties.cmm_free_bytes) <
      kLittleFree * static_cast<double>(properties.cmm_total_bytes)) {
    return {
        "card-memory", Status::kWarning, text + "; another process holds the rest, or left it behind.",
        "axcl-smi shows who holds it; memory that nobody holds comes back with: sudo axcl-smi reboot -d 0"};
  }
  return {"card-memory", Status::kOk, text + ".", {}};
}

Finding as_finding(const axcl::SelfTestCheck& check) {
  Finding finding{"self-test " + check.name, Status::kOk, check.detail, {}};
  switch (check.verdict) {
    case axcl::Verdict::kPassed:
      break;
    case axcl::Verdict::kFailed:
      finding.status = Status::kFailed;
      finding.mend = kReset;
      break;
    default:
      finding.status = Status::kNote;
  }
  return finding;
}

std::vector<Finding> check_results(axcl::Card& card, const std::optional<std::filesystem::path>& layer,
                                   const std::string& name) {
  if (!layer) {
    return {{"self-test", Status::kNote, name + " was not tested: no model was given to test it with.",
             "axllama doctor --model NAME"}};
  }
  const axcl::SelfTestReport report = axcl::run_self_test(card, *layer, {.break_rules = true});
  std::vector<Finding> findings;
  for (const axcl::SelfTestCheck& check : report.checks) findings.push_back(as_finding(check));
  if (report.conduct() != axcl::Conduct::kUnknown) {
    findings.push_back(
        {"conduct", Status::kNote, name + " " + std::string(axcl::conduct_name(report.conduct())) + ".", {}});
  }
  return findings;
}

std::vector<Finding> check_card(const std::shared_ptr<axcl::Runtime>& runtime, std::size_t index,
                                const CardCheckOptions& options) {
  const std::string name = "Card " + std::to_string(runtime->devices()[index]);
  std::vector<Finding> findings;
  try {
    axcl::Card card(runtime, index);
    if (const auto properties = card.properties()) {
      findings.push_back(check_firmware(name, *properties, *runtime));
      findings.push_back(check_temperature(name, *properties));
      findings.push_back(check_card_memory(name, *properties));
    } else {
      findings.push_back(
          {"properties", Status::kWarning,
           name + " does not tell its temperature and memory; the server then guesses what fits.",
           "sudo apt-get update && sudo apt-get install axclhost"});
    }
    for (Finding& finding : check_results(card, options.layer, name)) findings.push_back(std::move(finding));
  } catch (const base::Error& error) {
    findings.push_back({"card", Status::kFailed, error.message(), kReset});
  }
  return findings;
}

}  // namespace

std::vector<Finding> check_cards(const CardCheckOptions& options) {
  std::shared_ptr<axcl::Runtime> runtime;
  try {
    runtime = axcl::Runtime::open(options.runtime);
  } catch (const base::Error& error) {
    return {{"runtime", Status::kFailed, error.message(),
             options.card_on_the_bus ? kReset : "Install Axllama again; it brings its software card"}};
  }
  std::vector<Finding> findings{check_runtime(*runtime, options)};
  for (std::size_t index = 0; index < runtime->devices().size(); ++index) {
    for (Finding& finding : check_card(runtime, index, options)) findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace axllama::doctor
