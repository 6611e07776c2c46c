#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace axllama::cli {

/// What `--format` and `/set format` name: "json", a JSON schema as text, or the path of a file that holds
/// one. Throws Error (kInvalidArgument) with a sentence for anything else.
nlohmann::ordered_json parse_format(const std::string& text);

/// What `--think` and `/set think` name: true, false, or a level as text. Throws Error (kInvalidArgument).
nlohmann::ordered_json parse_think(const std::string& text);

/// Whether POST /api/show counts the capability among the model's. Servers too old to tell say yes.
bool has_capability(const nlohmann::ordered_json& show, const std::string& capability);

}  // namespace axllama::cli
