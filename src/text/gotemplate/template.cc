#include "text/gotemplate/template.h"

#include <algorithm>

#include "text/gotemplate/executor.h"
#include "text/gotemplate/limits.h"
#include "text/gotemplate/parser.h"

namespace axllama::text::gotemplate {
namespace {

TemplateError located(const Failure& failure, const std::string& label, std::string_view source,
                      bool syntax) {
  const std::string_view before = source.substr(0, failure.offset.value_or(0));
  const std::size_t newline = before.rfind('\n');
  const std::size_t line_begin = newline == std::string_view::npos ? 0 : newline + 1;
  return {label, static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<int>(before.size() - line_begin) + 1, failure.message, syntax};
}

}  // namespace

Template::Template(std::string source, std::string label) : label_(std::move(label)) {
  try {
    parsed_ = std::make_unique<const ParsedTemplate>(parse_template(source));
  } catch (const Failure& failure) {
    throw located(failure, label_, source, true);
  }
}

Template::~Template() = default;
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;

std::string Template::render(const nlohmann::ordered_json& data, Time now) const {
  return render_part(data, {}, now);
}

std::string Template::render_until(const nlohmann::ordered_json& data, std::string_view field,
                                   Time now) const {
  return render_part(data, field, now);
}

std::string Template::render_part(const nlohmann::ordered_json& data, std::string_view field,
                                  Time now) const {
  const FunctionContext context{now.value_or(std::chrono::system_clock::now()), kMaxOutputBytes};
  try {
    Executor executor(*parsed_, context);
    return field.empty() ? executor.run(Value(&data)) : executor.run_until(Value(&data), field);
  } catch (const Failure& failure) {
    throw located(failure, label_, parsed_->source, false);
  }
}

bool Template::mentions(std::string_view field) const {
  return parsed_->fields.contains(field);
}
const std::string& Template::source() const {
  return parsed_->source;
}

}  // namespace axllama::text::gotemplate
