#include "text/tool_calls/arguments.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "text/tool_calls/json_scanner.h"

namespace axllama::text {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMostDepth = 64;

/// The single type a schema names; empty when it names none or several.
std::string_view type_of(const Json& schema) {
  const auto type = schema.is_object() ? schema.find("type") : schema.end();
  if (!schema.is_object() || type == schema.end() || !type->is_string()) {
    return {};
  }
  return type->get_ref<const std::string&>();
}

bool has_type(const Json& value, std::string_view type) {
  if (type == "integer") {
    return value.is_number_integer() ||
           (value.is_number_float() && std::floor(value.get<double>()) == value.get<double>());
  }
  return (type == "string" && value.is_string()) || (type == "number" && value.is_number()) ||
         (type == "boolean" && value.is_boolean()) || (type == "object" && value.is_object()) ||
         (type == "array" && value.is_array()) || (type == "null" && value.is_null());
}

bool is_known_type(std::string_view type) {
  constexpr std::string_view kTypes[] = {"integer", "string", "number", "boolean", "object", "array", "null"};
  return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

std::string with_article(std::string_view type) {
  const bool vowel = !type.empty() && std::string_view("aeio").find(type.front()) != std::string_view::npos;
  return (type == "null" ? "" : vowel ? "an " : "a ") + std::string(type);
}

/// Text is read as JSON only when it is shallow.
Json parse_shallow(const std::string& text) {
  const auto deeper =
      std::count_if(text.begin(), text.end(), [](char byte) { return byte == '{' || byte == '['; });
  return deeper < static_cast<std::ptrdiff_t>(JsonScanner::kMostDepth) ? Json::parse(text, nullptr, false)
                                                                       : Json(Json::value_t::discarded);
}

void fit_value(const Json& schema, Json& value) {
  const std::string_view type = type_of(schema);
  if (type.empty() || has_type(value, type)) {
    return;
  }
  if (type == "string") {
    if (value.is_number() || value.is_boolean()) {
      value = value.dump();
    }
  } else if (value.is_string() && is_known_type(type) && type != "null") {
    Json read = parse_shallow(value.get_ref<const std::string&>());
    if (!read.is_discarded() && has_type(read, type)) {
      value = std::move(read);
    }
  }
}

const Json* member(const Json& object, const std::string& name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() ? &*found : nullptr;
}

std::optional<std::string> misfit(const Json& schema, const Json& value, const std::string& place, int depth);

std::optional<std::string> type_misfit(const Json& schema, const Json& value, const std::string& place) {
  const Json* type = member(schema, "type");
  if (type == nullptr) {
    return std::nullopt;
  }
  const auto fits = [&value](const Json& name) {
    return !name.is_string() || !is_known_type(name.get_ref<const std::string&>()) ||
           has_type(value, name.get_ref<const std::string&>());
  };
  if (type->is_array() ? type->empty() || std::any_of(type->begin(), type->end(), fits) : fits(*type)) {
    return std::nullopt;
  }
  const std::string wanted =
      type->is_string() ? with_article(type->get<std::string>()) : "one of " + type->dump();
  return place + " must be " + wanted + ", not " + with_article(value.type_name());
}

std::optional<std::string> object_misfit(const Json& schema, const Json& value, const std::string& place,
                                         int depth) {
  if (const Json* required = member(schema, "required"); required != nullptr && required->is_array()) {
    for (const Json& name : *required) {
      if (name.is_string() && !value.contains(name.get_ref<const std::string&>())) {
        return place + " lacks " + name.dump();
      }
    }
  }
  const Json* properties = member(schema, "properties");
  for (const auto& [name, part] : value.items()) {
    const Json* part_schema = properties != nullptr ? member(*properties, name) : nullptr;
    if (part_schema != nullptr) {
      if (auto reason = misfit(*part_schema, part,
                               Json(name).dump(-1, ' ', false, Json::error_handler_t::replace), depth)) {
        return reason;
      }
    } else if (const Json* more = member(schema, "additionalProperties"); more != nullptr && *more == false) {
      return place + " must not have \"" + name + "\"";
    }
  }
  return std::nullopt;
}

std::optional<std::string> misfit(const Json& schema, const Json& value, const std::string& place,
                                  int depth) {
  if (depth > kMostDepth) {
    return std::nullopt;
  }
  if (auto reason = type_misfit(schema, value, place)) {
    return reason;
  }
  const Json* allowed = member(schema, "enum");
  if (allowed != nullptr && allowed->is_array() &&
      std::find(allowed->begin(), allowed->end(), value) == allowed->end()) {
    return place + " must be one of " + allowed->dump();
  }
  if (const Json* constant = member(schema, "const"); constant != nullptr && *constant != value) {
    return place + " must be " + constant->dump();
  }
  if (value.is_object()) {
    return object_misfit(schema, value, place, depth + 1);
  }
  if (const Json* items = member(schema, "items"); items != nullptr && value.is_array()) {
    for (const Json& element : value) {
      if (auto reason = misfit(*items, element, "an element of " + place, depth + 1)) {
        return reason;
      }
    }
  }
  return std::nullopt;
}

}  // namespace

Json fit_arguments(const Json& schema, Json arguments) {
  const Json* properties = member(schema, "properties");
  if (properties == nullptr || !arguments.is_object()) {
    return arguments;
  }
  for (auto part = arguments.begin(); part != arguments.end(); ++part) {
    if (const Json* part_schema = member(*properties, part.key())) {
      fit_value(*part_schema, part.value());
    }
  }
  return arguments;
}

std::optional<std::string> find_misfit(const Json& schema, const Json& arguments) {
  return misfit(schema, arguments, "the object of arguments", 0);
}

}  // namespace axllama::text
