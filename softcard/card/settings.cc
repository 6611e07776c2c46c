#include "softcard/card/settings.h"

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

namespace axllama::softcard {

namespace {

using Json = nlohmann::json;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

template <typename Integer>
Integer parse_integer(const std::string& text, const std::string& what) {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw SettingsError(what + " is \"" + text + "\", which is not a whole number that fits.");
  }
  return value;
}

void set_mode(Settings& settings, const std::string& text) {
  if (text == "strict") {
    settings.mode = Mode::kStrict;
  } else if (text == "lenient") {
    settings.mode = Mode::kLenient;
  } else {
    throw SettingsError("The software card's mode is \"" + text +
                        "\"; it must be \"strict\" or \"lenient\".");
  }
}

void set_compute(Settings& settings, const std::string& text) {
  if (text == "real") {
    settings.compute = Compute::kReal;
  } else if (text == "null") {
    settings.compute = Compute::kNull;
  } else {
    throw SettingsError("The software card's compute is \"" + text + "\"; it must be \"real\" or \"null\".");
  }
}

void set_script(Settings& settings, Script script) {
  settings.script = std::move(script);
  settings.compute = Compute::kScript;
}

void set_faults(Settings& settings, const Json& list) {
  settings.faults.clear();
  if (list.is_string()) {
    settings.faults = parse_fault_list(list.get<std::string>());
    return;
  }
  for (const Json& fault : list) {
    settings.faults.push_back(parse_fault(fault));
  }
}

void set_cmm(Settings& settings, std::uint64_t mib) {
  if (mib == 0 || mib > Settings::kMaxCmmMib) {
    throw SettingsError("The software card's memory is " + std::to_string(mib) +
                        " MiB; it must be from 1 to " + std::to_string(Settings::kMaxCmmMib) + ".");
  }
  settings.cmm_bytes = mib << 20U;
}

void set_devices(Settings& settings, std::vector<std::int32_t> devices) {
  if (devices.size() > Settings::kMaxDevices) {
    throw SettingsError("The software card is told to be " + std::to_string(devices.size()) +
                        " cards; it can be at most " + std::to_string(Settings::kMaxDevices) + ".");
  }
  if (std::set<std::int32_t>(devices.begin(), devices.end()).size() != devices.size()) {
    throw SettingsError("The software card's list of devices names one of them twice.");
  }
  settings.devices = std::move(devices);
}

std::vector<std::int32_t> split_devices(const std::string& text) {
  std::vector<std::int32_t> devices;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    devices.push_back(
        parse_integer<std::int32_t>(text.substr(begin, end - begin), "AXLLAMA_SOFTCARD_DEVICES"));
    begin = end + 1;
  }
  return devices;
}

using Setter = std::function<void(Settings&, const Json&)>;

const std::map<std::string, Setter, std::less<>>& setters() {
  static const std::map<std::string, Setter, std::less<>> table = {
      {"devices", [](Settings& s, const Json& v) { set_devices(s, v.get<std::vector<std::int32_t>>()); }},
      {"cmm_mib", [](Settings& s, const Json& v) { set_cmm(s, v.get<std::uint64_t>()); }},
      {"mode", [](Settings& s, const Json& v) { set_mode(s, v.get<std::string>()); }},
      {"properties_ms",
       [](Settings& s, const Json& v) {
         s.properties_time = std::chrono::milliseconds(v.get<std::uint32_t>());
       }},
      {"lenient_offsets_work", [](Settings& s, const Json& v) { s.lenient_offsets_work = v.get<bool>(); }},
      {"timing", [](Settings& s, const Json& v) { s.timing = parse_timing(v); }},
      {"compute", [](Settings& s, const Json& v) { set_compute(s, v.get<std::string>()); }},
      {"script",
       [](Settings& s, const Json& v) {
         set_script(s, v.is_string() ? read_script(v.get<std::string>()) : parse_script(v));
       }},
      {"faults", [](Settings& s, const Json& v) { set_faults(s, v); }},
      {"reboot_ms",
       [](Settings& s, const Json& v) { s.reboot_time = std::chrono::milliseconds(v.get<std::uint32_t>()); }},
      {"chatter", [](Settings& s, const Json& v) { s.chatter = v.get<bool>(); }},
      {"counters_file", [](Settings& s, const Json& v) { s.counters_file = v.get<std::string>(); }},
      {"quiet", [](Settings& s, const Json& v) { s.quiet = v.get<bool>(); }},
  };
  return table;
}

}  // namespace

Settings parse_settings(std::string_view json, Settings base) {
  Json object;
  try {
    object = Json::parse(json);
  } catch (const Json::exception& error) {
    throw SettingsError(std::string("The software card's configuration is not JSON: ") + error.what());
  }
  if (!object.is_object()) {
    throw SettingsError("The software card's configuration must be a JSON object.");
  }
  for (const auto& [key, value] : object.items()) {
    const auto setter = setters().find(key);
    if (setter == setters().end()) {
      throw SettingsError("The software card's configuration has an unknown field \"" + key + "\".");
    }
    try {
      setter->second(base, value);
    } catch (const Json::exception& error) {
      throw SettingsError("The software card's configuration field \"" + key + "\" is " + value.dump() +
                          ", which does not fit: " + error.what());
    }
  }
  return base;
}

Settings settings_from_environment() {
  Settings settings;
  if (const std::string file = environment("AXLLAMA_SOFTCARD_CONFIG"); !file.empty()) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
      throw SettingsError("AXLLAMA_SOFTCARD_CONFIG names " + file + ", which cannot be read.");
    }
    settings = parse_settings(std::string(std::istreambuf_iterator<char>(stream), {}));
  }
  if (std::getenv("AXLLAMA_SOFTCARD_DEVICES") != nullptr) {
    set_devices(settings, split_devices(environment("AXLLAMA_SOFTCARD_DEVICES")));
  }
  if (const std::string mib = environment("AXLLAMA_SOFTCARD_CMM_MIB"); !mib.empty()) {
    set_cmm(settings, parse_integer<std::uint64_t>(mib, "AXLLAMA_SOFTCARD_CMM_MIB"));
  }
  if (const std::string mode = environment("AXLLAMA_SOFTCARD_MODE"); !mode.empty()) {
    set_mode(settings, mode);
  }
  if (const std::string timing = environment("AXLLAMA_SOFTCARD_TIMING"); !timing.empty()) {
    settings.timing = timing_profile(timing);
  }
  if (const std::string compute = environment("AXLLAMA_SOFTCARD_COMPUTE"); !compute.empty()) {
    set_compute(settings, compute);
  }
  if (const std::string script = environment("AXLLAMA_SOFTCARD_SCRIPT"); !script.empty()) {
    set_script(settings, read_script(script));
  }
  if (const std::string faults = environment("AXLLAMA_SOFTCARD_FAULTS"); !faults.empty()) {
    settings.faults = parse_fault_list(faults);
  }
  if (const std::string chatter = environment("AXLLAMA_SOFTCARD_CHATTER"); !chatter.empty()) {
    settings.chatter = chatter != "0";
  }
  if (const std::string counters = environment("AXLLAMA_SOFTCARD_COUNTERS"); !counters.empty()) {
    settings.counters_file = counters;
  }
  if (const std::string quiet = environment("AXLLAMA_SOFTCARD_QUIET"); !quiet.empty()) {
    settings.quiet = quiet != "0";
  }
  return settings;
}

}  // namespace axllama::softcard
