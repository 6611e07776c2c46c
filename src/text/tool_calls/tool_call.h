#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace axllama::text {

/// A call of a tool as the model made it. `arguments` is a JSON object whose key order is kept.
struct ToolCall {
  std::string id = {};  // may be empty; then templates see no `id`
  std::string name = {};
  nlohmann::ordered_json arguments = nlohmann::ordered_json::object();
};

}  // namespace axllama::text
