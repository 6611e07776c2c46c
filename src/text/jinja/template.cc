#include "text/jinja/template.h"

#include <algorithm>
#include <new>

#include "text/jinja/interpreter.h"
#include "text/jinja/lexer.h"
#include "text/jinja/parser.h"
#include "text/jinja/unicode.h"

namespace axllama::text::jinja {
namespace {

TemplateError located(const Failure& failure, const std::string& label, std::string_view source) {
  const std::string_view before = source.substr(0, failure.offset.value_or(0));
  const std::size_t newline = before.rfind('\n');
  const std::string_view line = newline == std::string_view::npos ? before : before.substr(newline + 1);
  return {failure.kind, label, static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<int>(count_code_points(line)) + 1, failure.message};
}

}  // namespace

Template::Template(std::string source, std::string label, const Limits& limits)
    : label_(std::move(label)), limits_(limits) {
  try {
    parsed_ = std::make_unique<const ParsedTemplate>(parse_template(source, limits_));
  } catch (const Failure& failure) {
    throw located(failure, label_, normalize_source(source));
  }
}

std::string to_json_text(const nlohmann::ordered_json& json) {
  static const Template kToJson("{{ json|tojson }}", "JSON");
  return kToJson.render({{"json", json}});
}

Template::~Template() = default;
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;

std::string Template::render(const nlohmann::ordered_json& variables, const RenderOptions& options) const {
  try {
    return Interpreter(*parsed_, limits_, options, variables).render();
  } catch (const Failure& failure) {
    throw located(failure, label_, parsed_->source);
  } catch (const std::bad_alloc&) {
    throw located({ErrorKind::kLimit, "there is not enough memory to render the template"}, label_,
                  parsed_->source);
  }
}

bool Template::mentions_variable(std::string_view name) const {
  return std::find(parsed_->names.begin(), parsed_->names.end(), name) != parsed_->names.end();
}

bool Template::mentions_member(std::string_view name) const {
  return parsed_->members.contains(name);
}

}  // namespace axllama::text::jinja
