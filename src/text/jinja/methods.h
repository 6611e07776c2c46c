#pragma once

#include <optional>
#include <string_view>

#include "text/jinja/runtime.h"

namespace axllama::text::jinja {

/// A built-in method by name; both parts live as long as the program.
struct Method {
  std::string_view name;
  Function::Native native;
};

// Methods of Python's built-in types. Null when the type has no such method.
const Method* find_string_method(std::string_view name) noexcept;
const Method* find_list_method(std::string_view name) noexcept;
const Method* find_tuple_method(std::string_view name) noexcept;  // and of ranges
const Method* find_dict_method(std::string_view name) noexcept;
const Method* find_float_method(std::string_view name) noexcept;

}  // namespace axllama::text::jinja
