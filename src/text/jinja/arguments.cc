#include "text/jinja/arguments.h"

#include <algorithm>

#include "text/jinja/error.h"
#include "text/jinja/operators.h"

namespace axllama::text::jinja {

BoundArguments::BoundArguments(std::string_view function, const Arguments& arguments,
                               std::initializer_list<std::string_view> names, std::size_t required) {
  const std::string title = std::string(function) + "()";
  if (arguments.positional.size() > names.size()) {
    fail(title + " takes at most " + std::to_string(names.size()) + " arguments, not " +
         std::to_string(arguments.positional.size()));
  }
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) {
    values_[i] = &arguments.positional[i];
  }
  for (const auto& [name, value] : arguments.named) {
    const auto* const found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      fail(title + " has no parameter '" + name + "'");
    }
    const auto index = static_cast<std::size_t>(found - names.begin());
    if (values_[index] != nullptr) {
      fail(title + " got '" + name + "' twice");
    }
    values_[index] = &value;
  }
  for (std::size_t i = 0; i < required; ++i) {
    if (values_[i] == nullptr) {
      fail(title + " needs the argument '" + std::string(names.begin()[i]) + "'");
    }
  }
}

std::int64_t BoundArguments::integer(std::size_t index, std::int64_t otherwise) const {
  return has(index) ? expect_integer(at(index)) : otherwise;
}

bool BoundArguments::truth(std::size_t index, bool otherwise) const {
  return has(index) ? is_true(at(index)) : otherwise;
}

std::int64_t expect_integer(const Value& value) {
  if (value.is_undefined()) {
    value.fail_undefined();
  }
  if (!value.is_integral()) {
    fail("'" + std::string(type_name(value)) + "' cannot be used as an integer");
  }
  return value.as_int();
}

const std::string& expect_text(const Value& value, std::string_view what) {
  if (!value.is_string()) {
    fail(std::string(what) + " must be a string, not '" + std::string(type_name(value)) + "'");
  }
  return value.text();
}

}  // namespace axllama::text::jinja
