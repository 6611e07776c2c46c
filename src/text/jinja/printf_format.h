#pragma once

#include <string>

#include "text/jinja/runtime.h"

namespace axllama::text::jinja {

/// `format % values` as Python defines it: `values` is a tuple of arguments, a dict for "%(key)s", or one
/// argument.
std::string format_printf(const std::string& format, const Value& values, Runtime& runtime);

}  // namespace axllama::text::jinja
