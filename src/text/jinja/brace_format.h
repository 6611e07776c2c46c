#pragma once

#include <string>

#include "text/jinja/runtime.h"

namespace axllama::text::jinja {

/// str.format: replaces "{}", "{0}", "{name}", "{name.attribute[key]!r:>10}" in `format`.
std::string format_braces(const std::string& format, const Arguments& arguments, Runtime& runtime);

}  // namespace axllama::text::jinja
