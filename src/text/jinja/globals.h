#pragma once

#include <string_view>

#include "text/jinja/methods.h"

namespace axllama::text::jinja {

/// A function every template can call: range, dict, namespace, cycler, joiner, raise_exception, strftime_now.
/// Null when there is none of that name. Variables of the same name take precedence.
const Method* find_global(std::string_view name) noexcept;

}  // namespace axllama::text::jinja
