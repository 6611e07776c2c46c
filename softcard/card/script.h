#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace axllama::softcard {

/// What the head answers at one position: a forced token, or logits given one by one.
struct ScriptStep {
  std::uint32_t token = 0;
  std::vector<std::pair<std::uint32_t, float>> logits;  // when not empty, instead of the forced token
  std::uint32_t delay_ms = 0;
  std::int32_t error = 0;  // answered instead of a result

  bool operator==(const ScriptStep&) const = default;
};

/// What to answer when all of a script's requests have been played.
enum class ScriptEnd { kCycle, kRepeatLast, kError };

/// Answers for the head instead of arithmetic, so that what a model says is known beforehand. Plain values.
struct Script {
  std::vector<std::vector<ScriptStep>> requests;  // in the order in which requests reach the head
  std::map<std::uint32_t, ScriptStep> positions;  // at these positions in whatever request
  ScriptEnd end = ScriptEnd::kCycle;
  float forced_logit = 100;  // of the forced token
  float other_logit = -100;  // of every other
  bool arithmetic =
      false;  // programs compute before the script overwrites what they say, and take their time

  bool empty() const noexcept { return requests.empty() && positions.empty(); }
  bool operator==(const Script&) const = default;
};

/// From the JSON docs/softcard.md describes. Throws SettingsError.
Script parse_script(const nlohmann::json& value);

/// The same from a file.
Script read_script(const std::string& path);

}  // namespace axllama::softcard
