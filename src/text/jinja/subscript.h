#pragma once

#include <string>
#include <string_view>

#include "text/jinja/methods.h"
#include "text/jinja/runtime.h"

namespace axllama::text::jinja {

/// `object.name`: a method or attribute of the type first, then the dict's member; undefined when there is
/// neither. Fails when `object` is undefined.
Value get_attribute(const Value& object, const std::string& name, Runtime& runtime);

/// The method that `object.name` means; null when the type has none of that name.
const Method* find_method(const Value& object, std::string_view name);

/// `object[key]`: the member first, then, for a string key, the method or attribute.
Value get_item(const Value& object, const Value& key, Runtime& runtime);

/// `object[start:stop:step]` of a string, list, tuple or range; none stands for an omitted part. Other
/// values, and parts that are not integers, give undefined.
Value get_slice(const Value& object, const Value& start, const Value& stop, const Value& step,
                Runtime& runtime);

}  // namespace axllama::text::jinja
