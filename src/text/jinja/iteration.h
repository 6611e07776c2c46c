#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "text/jinja/runtime.h"

namespace axllama::text::jinja {

bool is_iterable(const Value& value);

/// len(value); nothing when values of this type have no length.
std::optional<std::size_t> length_of(const Value& value);

/// The members to walk through: code points of a string, keys of a dict. An Iterator gives what is left in it
/// and is empty afterwards. Undefined gives none. Fails when the value is not iterable.
std::vector<Value> items_of(const Value& value, Runtime& runtime);

}  // namespace axllama::text::jinja
