#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace axllama::softcard {

/// Strict: a broken binding rule is an error that names it. Lenient: what the hardware does, which is to go
/// on.
enum class Mode { kStrict, kLenient };

/// What things cost on the host and card that are imitated. Zero means: as long as it takes here.
struct TimingProfile {
  std::string name{"native"};
  double call_us = 0;          // every synchronous remote call
  double submit_us = 0;        // putting one piece of work into a stream
  double unpinned_us = 0;      // more for a copy whose host side is not from axclrtMallocHost
  double copy_mb_per_s = 0;    // host to card and back
  double device_gb_per_s = 0;  // copies and fills on the card
  double weight_gb_per_s = 0;  // weights read by one execution
  double cache_gb_per_s = 0;   // K and V history read by one execution
  double tera_ops_per_s = 0;   // two operations per multiply-add
  double execute_us = 0;       // more for every execution
  double load_mb_per_s = 0;    // model files
};

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
