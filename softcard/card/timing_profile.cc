#include "softcard/card/timing_profile.h"

#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "softcard/card/settings.h"

namespace axllama::softcard {

namespace {

/// The card is the same everywhere; hosts differ in what a call costs them and how fast they read files.
TimingProfile card_on(std::string name, double call_us, double load_mb_per_s) {
  TimingProfile profile;
  profile.name = std::move(name);
  profile.call_us = call_us;
  profile.submit_us = call_us / 6;
  profile.dispatch_us = call_us / 2;
  profile.unpinned_us = 1000;
  profile.copy_mb_per_s = 400;
  profile.device_gb_per_s = 8;
  profile.weight_gb_per_s = 21;
  profile.cache_gb_per_s = 19;
  profile.tera_ops_per_s = 2.6;
  profile.attention_tera_ops_per_s = 0.43;
  profile.execute_us = 280;
  profile.chunk_us = 500;
  profile.load_mb_per_s = load_mb_per_s;
  return profile;
}

constexpr std::array kFields = {
    std::pair{"call_us", &TimingProfile::call_us},
    std::pair{"submit_us", &TimingProfile::submit_us},
    std::pair{"dispatch_us", &TimingProfile::dispatch_us},
    std::pair{"unpinned_us", &TimingProfile::unpinned_us},
    std::pair{"copy_mb_per_s", &TimingProfile::copy_mb_per_s},
    std::pair{"device_gb_per_s", &TimingProfile::device_gb_per_s},
    std::pair{"weight_gb_per_s", &TimingProfile::weight_gb_per_s},
    std::pair{"cache_gb_per_s", &TimingProfile::cache_gb_per_s},
    std::pair{"tera_ops_per_s", &TimingProfile::tera_ops_per_s},
    std::pair{"attention_tera_ops_per_s", &TimingProfile::attention_tera_ops_per_s},
    std::pair{"execute_us", &TimingProfile::execute_us},
    std::pair{"chunk_us", &TimingProfile::chunk_us},
    std::pair{"load_mb_per_s", &TimingProfile::load_mb_per_s},
};

}  // namespace

TimingProfile timing_profile(std::string_view name) {
  if (name == "native") {
    return {};
  }
  if (name == "pi5") {
    return card_on("pi5", 120, 35);
  }
  if (name == "cm3588") {
    return card_on("cm3588", 240, 35);
  }
  if (name == "rk3576") {
    return card_on("rk3576", 1000, 30);
  }
  throw SettingsError("There is no timing profile \"" + std::string(name) +
                      "\"; there are native, pi5, cm3588 and rk3576.");
}

nlohmann::json timing_json(const TimingProfile& profile) {
  nlohmann::json json{{"profile", profile.name}};
  for (const auto& [name, field] : kFields) {
    json[name] = profile.*field;
  }
  return json;
}

TimingProfile parse_timing(const nlohmann::json& value) {
  if (value.is_string()) {
    return timing_profile(value.get<std::string>());
  }
  if (!value.is_object()) {
    throw SettingsError("\"timing\" must be a profile's name or an object, not " + value.dump() + ".");
  }
  TimingProfile profile = timing_profile(value.value("profile", "native"));
  for (const auto& [key, number] : value.items()) {
    if (key == "profile") {
      continue;
    }
    bool known = false;
    for (const auto& [name, field] : kFields) {
      if (key == name) {
        profile.*field = number.get<double>();
        known = true;
        if (!(profile.*field >= 0)) {
          throw SettingsError("\"timing\" has " + key + " = " + number.dump() + "; it must not be negative.");
        }
      }
    }
    if (!known) {
      throw SettingsError("\"timing\" has an unknown field \"" + key + "\".");
    }
  }
  return profile;
}

}  // namespace axllama::softcard
