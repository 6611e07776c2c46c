#pragma once

#include <string>
#include <string_view>

#include "text/jinja/runtime.h"

namespace axllama::text::jinja {

// The text forms of values, exactly as Python's str() and repr() give them.

/// str(): what `{{ value }}` prints; undefined prints nothing.
std::string to_text(const Value& value, Runtime& runtime);
/// Appends str() of the value; fails when `out` would exceed the memory limit.
void append_text(std::string& out, const Value& value, Runtime& runtime);

/// repr(): strings in quotes.
std::string to_repr(const Value& value, Runtime& runtime);

/// The shortest decimal text that reads back as the same double: "1.0", "1e+16", "inf".
std::string float_text(double value);
std::string quoted_text(std::string_view text);

}  // namespace axllama::text::jinja
