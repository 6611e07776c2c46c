#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

namespace axllama::testing {

/// The bundled model's tokens of single characters (printable ASCII, blank, line end), and its end of a turn.
inline constexpr int kBundledEnd = 2280;  // <|im_end|>
inline int bundled_token(char character) {
  return character == ' ' ? 220 : character == '\n' ? 198 : character - '!';
}

/// What one request is answered in a script of the software card (docs/softcard.md, "Scripts"): `text`, each
/// character after `delay_ms`. Without a token behind it the last character repeats without end.
inline nlohmann::json script_steps(std::string_view text, int delay_ms = 0) {
  nlohmann::json steps = nlohmann::json::array();
  for (const char character : text) {
    steps.push_back({{"token", bundled_token(character)}, {"delay_ms", delay_ms}});
  }
  return steps;
}

/// The script in which every request is answered so.
inline nlohmann::json script_of(const nlohmann::json& steps) {
  return {{"requests", nlohmann::json::array({steps})}, {"after", "cycle"}};
}

}  // namespace axllama::testing
