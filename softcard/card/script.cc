#include "softcard/card/script.h"

#include <charconv>
#include <fstream>

#include <nlohmann/json.hpp>

#include "softcard/card/fault_rule.h"
#include "softcard/card/settings.h"

namespace axllama::softcard {

namespace {

using Json = nlohmann::json;

std::uint32_t parse_number(const std::string& text, const char* what) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw SettingsError(std::string("A script's ") + what + " is \"" + text + "\", which is not a number.");
  }
  return value;
}

ScriptStep parse_step(const Json& value) {
  ScriptStep step;
  if (value.is_number_integer()) {
    step.token = value.get<std::uint32_t>();
    return step;
  }
  if (!value.is_object()) {
    throw SettingsError("A script's step is " + value.dump() + "; it must be a token or an object.");
  }
  for (const auto& [key, field] : value.items()) {
    if (key == "token") {
      step.token = field.get<std::uint32_t>();
    } else if (key == "logits") {
      for (const auto& [token, logit] : field.items()) {
        step.logits.emplace_back(parse_number(token, "token"), logit.get<float>());
      }
    } else if (key == "delay_ms") {
      step.delay_ms = field.get<std::uint32_t>();
    } else if (key == "error") {
      step.error = parse_error_code(field);
    } else {
      throw SettingsError("A script's step has an unknown field \"" + key + "\".");
    }
  }
  return step;
}

std::vector<ScriptStep> parse_request(const Json& value) {
  const Json& tokens = value.is_object() ? value.at("tokens") : value;
  if (!tokens.is_array() || tokens.empty()) {
    throw SettingsError("A script's request is " + value.dump() +
                        "; it must be a list of at least one token.");
  }
  std::vector<ScriptStep> steps;
  for (const Json& token : tokens) {
    steps.push_back(parse_step(token));
  }
  return steps;
}

ScriptEnd parse_end(const std::string& text) {
  if (text == "cycle") {
    return ScriptEnd::kCycle;
  }
  if (text == "repeat_last") {
    return ScriptEnd::kRepeatLast;
  }
  if (text == "error") {
    return ScriptEnd::kError;
  }
  throw SettingsError("A script's \"after\" is \"" + text + "\"; it must be cycle, repeat_last or error.");
}

}  // namespace

Script parse_script(const Json& value) {
  if (!value.is_object()) {
    throw SettingsError("A script must be a JSON object.");
  }
  Script script;
  try {
    for (const auto& [key, field] : value.items()) {
      if (key == "requests") {
        for (const Json& request : field) {
          script.requests.push_back(parse_request(request));
        }
      } else if (key == "positions") {
        for (const auto& [position, step] : field.items()) {
          script.positions.emplace(parse_number(position, "position"), parse_step(step));
        }
      } else if (key == "after") {
        script.end = parse_end(field.get<std::string>());
      } else if (key == "forced_logit") {
        script.forced_logit = field.get<float>();
      } else if (key == "other_logit") {
        script.other_logit = field.get<float>();
      } else if (key == "arithmetic") {
        script.arithmetic = field.get<bool>();
      } else {
        throw SettingsError("A script has an unknown field \"" + key + "\".");
      }
    }
  } catch (const Json::exception& error) {
    throw SettingsError(std::string("A script does not fit: ") + error.what());
  }
  if (script.empty()) {
    throw SettingsError("A script needs \"requests\" or \"positions\".");
  }
  return script;
}

Script read_script(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    throw SettingsError("The script " + path + " cannot be read.");
  }
  try {
    return parse_script(Json::parse(stream));
  } catch (const Json::exception& error) {
    throw SettingsError("The script " + path + " is not JSON: " + error.what());
  }
}

}  // namespace axllama::softcard
