#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "text/jinja/runtime.h"

namespace axllama::text::jinja {

/// Arguments matched to a built-in's parameter names, with Python's complaints about those that do not fit.
/// Points into the Arguments, which must outlive it.
class BoundArguments {
 public:
  static constexpr std::size_t kMost = 6;

  /// The first `required` of `names` must be given.
  BoundArguments(std::string_view function, const Arguments& arguments,
                 std::initializer_list<std::string_view> names, std::size_t required);

  /// Null when parameter `index` was not given.
  const Value* get(std::size_t index) const noexcept { return values_[index]; }
  /// A parameter that is required.
  const Value& at(std::size_t index) const noexcept { return *values_[index]; }
  bool has(std::size_t index) const noexcept { return values_[index] != nullptr; }
  /// Given and not none.
  bool has_value(std::size_t index) const noexcept {
    return values_[index] != nullptr && !values_[index]->is_none();
  }
  std::int64_t integer(std::size_t index, std::int64_t otherwise) const;
  bool truth(std::size_t index, bool otherwise) const;

 private:
  std::array<const Value*, kMost> values_{};
};

/// An int or bool as Python's index protocol takes it; anything else fails.
std::int64_t expect_integer(const Value& value);
/// A string; anything else fails, naming `what` ("replace() argument 1").
const std::string& expect_text(const Value& value, std::string_view what);

}  // namespace axllama::text::jinja
