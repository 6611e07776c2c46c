#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace axllama::softcard {

/// What things cost on the host and card that are imitated. Zero means: as long as it takes here.
/// docs/softcard.md tells how the built-in profiles compare with published measurements.
struct TimingProfile {
  std::string name{"native"};
  double call_us = 0;                   // every synchronous remote call
  double submit_us = 0;                 // putting one piece of work into a stream
  double dispatch_us = 0;               // more for one piece of work in a stream
  double unpinned_us = 0;               // more for a copy whose host side is not from axclrtMallocHost
  double copy_mb_per_s = 0;             // host to card and back
  double device_gb_per_s = 0;           // copies and fills on the card
  double weight_gb_per_s = 0;           // weights read by one execution
  double cache_gb_per_s = 0;            // K and V history read by one execution
  double tera_ops_per_s = 0;            // with weights; two operations per multiply-add
  double attention_tera_ops_per_s = 0;  // with keys and values
  double execute_us = 0;                // more for every execution
  double chunk_us = 0;                  // more again for the execution of a chunk
  double load_mb_per_s = 0;             // model files
};

/// native, pi5, cm3588 or rk3576. Throws SettingsError for another name.
TimingProfile timing_profile(std::string_view name);

/// All of its fields, and its name as "profile".
nlohmann::json timing_json(const TimingProfile& profile);

/// A profile's name, or an object with a "profile" (native when missing) and any of the fields above.
/// Throws SettingsError.
TimingProfile parse_timing(const nlohmann::json& value);

}  // namespace axllama::softcard
