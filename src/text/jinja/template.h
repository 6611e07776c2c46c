#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "text/jinja/error.h"
#include "text/jinja/limits.h"
#include "text/jinja/runtime.h"

namespace axllama::text::jinja {

struct ParsedTemplate;

/// JSON text as the filter `tojson` writes it: one line, ", " and ": " between parts, nothing escaped without
/// need.
std::string to_json_text(const nlohmann::ordered_json& json);

/// A Jinja template with the settings chat templates expect: trim_blocks, lstrip_blocks, break and continue,
/// no escaping, plain `tojson`, `raise_exception`, `strftime_now`, `{% generation %}` without effect; no
/// access to other templates. Integers have 64 bits. Lists and dicts made or given can be changed by their
/// methods, but only within one rendering. Immutable after construction and safe to use from any thread.
class Template {
 public:
  /// Parses. `label` begins every error ("qwen3 chat template"). Throws TemplateError.
  Template(std::string source, std::string label, const Limits& limits = {});
  ~Template();
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;

  /// `variables` is an object. Throws TemplateError.
  std::string render(const nlohmann::ordered_json& variables, const RenderOptions& options = {}) const;

  /// Whether the template names this variable anywhere.
  bool mentions_variable(std::string_view name) const;
  /// Whether it names this attribute or has it as a string constant anywhere.
  bool mentions_member(std::string_view name) const;

 private:
  std::string label_;
  Limits limits_;
  std::unique_ptr<const ParsedTemplate> parsed_;
};

}  // namespace axllama::text::jinja
