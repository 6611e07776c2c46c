#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace axllama::text {

/// Gives arguments the types that a tool's JSON Schema wants, where nothing is lost by that: "5" for an
/// integer becomes 5, "true" a boolean, JSON text of an object or list that object or list, and a number for
/// a text its text. Everything else stays as the model wrote it.
nlohmann::ordered_json fit_arguments(const nlohmann::ordered_json& schema, nlohmann::ordered_json arguments);

/// The first reason why arguments do not satisfy a tool's schema, as a sentence's end ("\"days\" must be an
/// integer, not a string"). Looks at required members, types, enum and const, within objects and lists;
/// other keywords are not looked at.
std::optional<std::string> find_misfit(const nlohmann::ordered_json& schema,
                                       const nlohmann::ordered_json& arguments);

}  // namespace axllama::text
