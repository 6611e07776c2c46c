#pragma once

#include <string_view>

#include "text/jinja/runtime.h"

namespace axllama::text::jinja {

/// `input is name(arguments)`: what Jinja calls a test.
using Predicate = bool (*)(Runtime& runtime, const Value& input, const Arguments& arguments);

/// Jinja's test of that name; null when there is none.
Predicate find_predicate(std::string_view name) noexcept;

}  // namespace axllama::text::jinja
