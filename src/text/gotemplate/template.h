#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "text/gotemplate/error.h"

namespace axllama::text::gotemplate {

struct ParsedTemplate;

/// A template in the language of Go's text/template, as Modelfiles use it: all actions and built-in functions
/// but `call`, and json, currentDate, yesterdayDate, toTypeScriptType. The data is JSON: members of objects
/// are fields, missing ones are nil, maps are walked through in their own order, and objects (and the member
/// Tools of the data) print as JSON. Immutable after construction and safe to use from any thread. Hostile
/// templates end with an error (limits.h).
class Template {
 public:
  /// Parses. `label` begins every error. Throws TemplateError.
  Template(std::string source, std::string label);
  ~Template();
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;

  using Time = std::optional<std::chrono::system_clock::time_point>;

  /// `data` is an object. `now`, unset: the time of the call. Throws TemplateError.
  std::string render(const nlohmann::ordered_json& data, Time now = {}) const;
  /// Renders without everything that stands after the first action that names the member `field`.
  std::string render_until(const nlohmann::ordered_json& data, std::string_view field, Time now = {}) const;

  /// Whether the template names the member anywhere.
  bool mentions(std::string_view field) const;
  const std::string& source() const;

 private:
  std::string render_part(const nlohmann::ordered_json& data, std::string_view field, Time now) const;

  std::string label_;
  std::unique_ptr<const ParsedTemplate> parsed_;
};

}  // namespace axllama::text::gotemplate
