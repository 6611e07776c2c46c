#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "text/jinja/runtime.h"

namespace axllama::text::jinja {

/// A copy of `json` as template values; the rendering cannot change the original. Integers beyond 64 bits
/// fail, and so does nesting beyond the limit.
Value from_json(const nlohmann::ordered_json& json, Runtime& runtime);

struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  bool indented = false;
  std::string indent = {};  // per level, when indented
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};

/// JSON text as Python's json.dumps writes it; keeps the order of keys. Values without a JSON form fail.
std::string to_json_text(const Value& value, const JsonStyle& style, Runtime& runtime);

}  // namespace axllama::text::jinja
