#include "text/constraint/schema_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <string_view>

#include "text/constraint/schema_shape.h"

namespace axllama::text {
namespace {

using Json = nlohmann::ordered_json;

/// Its length first, so that the end is known whatever the text holds.
void append_text(std::string& key, std::string_view text) {
  key += std::to_string(text.size()) + ":";
  key += text;
}

void append_number(std::string& key, double number) {
  std::array<char, 32> buffer{};
  const double without_sign_of_zero = number == 0 ? 0.0 : number;
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), without_sign_of_zero,
                                     std::chars_format::hex);
  append_text(key, std::string_view(buffer.data(), static_cast<std::size_t>(written.ptr - buffer.data())));
}

void append_value(std::string& key, const Json& value) {
  if (value.is_object()) {
    std::map<std::string_view, const Json*> members;
    for (auto entry = value.begin(); entry != value.end(); ++entry) members[entry.key()] = &*entry;
    key += "{";
    for (const auto& [name, member] : members) {
      append_text(key, name);
      append_value(key, *member);
    }
    key += "}";
  } else if (value.is_array()) {
    key += "[";
    for (const Json& item : value) append_value(key, item);
    key += "]";
  } else if (value.is_string()) {
    key += "s";
    append_text(key, value.get_ref<const std::string&>());
  } else if (value.is_number()) {
    key += "n";
    append_number(key, value.get<double>());
  } else {
    key += value.is_null() ? "-" : value == true ? "t" : "f";
  }
}

}  // namespace

std::uint8_t type_of_value(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return SchemaShape::kNull;
    case Json::value_t::boolean:
      return SchemaShape::kBoolean;
    case Json::value_t::string:
      return SchemaShape::kString;
    case Json::value_t::array:
      return SchemaShape::kArray;
    case Json::value_t::object:
      return SchemaShape::kObject;
    default:
      return std::floor(value.get<double>()) == value.get<double>() ? SchemaShape::kInteger
                                                                    : SchemaShape::kFraction;
  }
}

std::string value_key(const Json& value) {
  std::string key;
  append_value(key, value);
  return key;
}

}  // namespace axllama::text
