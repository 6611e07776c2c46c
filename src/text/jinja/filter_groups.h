#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "text/jinja/filters.h"

namespace axllama::text::jinja {

// The filters by what they work on. Those that only make sense for HTML pages (urlize, xmlattr, striptags...)
// and those whose result is not determined (random) are left out.
std::span<const NamedFilter> text_filters();
std::span<const NamedFilter> number_filters();
std::span<const NamedFilter> sequence_filters();
std::span<const NamedFilter> selection_filters();

/// Reads the attribute that a filter's `attribute` parameter names: "a.b.0" is a path, an integer an index.
/// None, or no value at all, is the item itself.
class AttributeReader {
 public:
  AttributeReader(const Value* attribute, Runtime& runtime);
  /// `otherwise`, when given, takes the place of undefined parts.
  Value read(const Value& item, Runtime& runtime, const Value* otherwise = nullptr) const;

 private:
  std::vector<Value> parts_;
};

/// The value in lower case if it is a string and case does not matter.
Value sort_key(Value value, bool case_sensitive, Runtime& runtime);

}  // namespace axllama::text::jinja
