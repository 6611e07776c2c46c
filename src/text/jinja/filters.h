#pragma once

#include <string_view>

#include "text/jinja/runtime.h"

namespace axllama::text::jinja {

/// `input|name(arguments)`.
using Filter = Value (*)(Runtime& runtime, const Value& input, const Arguments& arguments);

/// Jinja's filter of that name; null when there is none.
Filter find_filter(std::string_view name) noexcept;

/// One group of filters: name and function.
struct NamedFilter {
  std::string_view name;
  Filter filter;
};

}  // namespace axllama::text::jinja
