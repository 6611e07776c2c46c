#pragma once

#include <string_view>

#include "text/jinja/methods.h"

namespace axllama::text::jinja {

// Methods of the objects that `loop` and cycler() give. Null when there is none of that name.
const Method* find_cycler_method(std::string_view name) noexcept;  // next, reset
const Method* find_loop_method(std::string_view name) noexcept;    // cycle, changed

}  // namespace axllama::text::jinja
