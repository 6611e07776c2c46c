#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

namespace axllama::text {

/// The SchemaShape::Type of a value; a number without a fraction is an integer, however it is written.
std::uint8_t type_of_value(const nlohmann::ordered_json& value);

/// The same text for values that JSON Schema calls equal: properties in any order, 1 and 1.0. Numbers are
/// compared as doubles, as most readers of JSON see them.
std::string value_key(const nlohmann::ordered_json& value);

}  // namespace axllama::text
