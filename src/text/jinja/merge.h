#pragma once

#include <string_view>

#include "text/jinja/runtime.h"

namespace axllama::text::jinja {

/// Adds to `dict` what dict(...) and dict.update(...) take: one dict or iterable of pairs, and named values.
void merge_into(Dict& dict, const Arguments& arguments, std::string_view function, Runtime& runtime);

}  // namespace axllama::text::jinja
