#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "softcard/card/fault_rule.h"
#include "softcard/card/script.h"
#include "softcard/card/timing_profile.h"

namespace axllama::softcard {

/// Strict: a broken binding rule is an error that names it. Lenient: what the hardware does, which is to go
/// on.
enum class Mode { kStrict, kLenient };

/// What an execution does: the model's arithmetic, nothing (outputs are zero), or what a script says.
enum class Compute { kReal, kNull, kScript };

/// How the card is set up; docs/softcard.md describes every field. Plain values, immutable once in use.
struct Settings {
  static constexpr std::size_t kMaxDevices = 8;
  static constexpr std::uint64_t kMaxCmmMib = 20 * 1024;

  std::vector<std::int32_t> devices{1};  // PCI bus numbers; empty: no card
  std::uint64_t cmm_bytes = 7040ULL << 20U;
  Mode mode = Mode::kStrict;
  std::chrono::milliseconds properties_time{60};
  bool lenient_offsets_work = false;  // lenient mode reads mask and indices at offsets correctly
  TimingProfile timing{};
  Compute compute = Compute::kReal;
  Script script{};  // with Compute::kScript
  std::vector<FaultRule> faults{};
  std::chrono::milliseconds reboot_time{300};
  bool chatter = false;                   // log lines on stdout, as the vendor's library writes them
  std::filesystem::path counters_file{};  // written by axclFinalize when not empty
  bool quiet = false;                     // nothing on stderr
};

/// A setting that cannot be understood; what() is a sentence that names it.
class SettingsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A JSON object with the fields of docs/softcard.md over `base`. Throws SettingsError.
Settings parse_settings(std::string_view json, Settings base = {});

/// The environment's settings: the file AXLLAMA_SOFTCARD_CONFIG names, then single variables over it.
/// Throws SettingsError.
Settings settings_from_environment();

}  // namespace axllama::softcard
