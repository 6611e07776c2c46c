#include <algorithm>
#include <array>

#include "text/jinja/arguments.h"
#include "text/jinja/error.h"
#include "text/jinja/filter_groups.h"
#include "text/jinja/iteration.h"
#include "text/jinja/operators.h"
#include "text/jinja/predicates.h"
#include "text/jinja/subscript.h"
#include "text/jinja/unicode.h"

namespace axllama::text::jinja {
namespace {

/// The arguments from `from` on, for the filter or test that is applied to every item.
Arguments rest_of(const Arguments& arguments, std::size_t from) {
  return {{arguments.positional.begin() + static_cast<std::ptrdiff_t>(from), arguments.positional.end()},
          arguments.named};
}

Value map(Runtime& runtime, const Value& input, const Arguments& arguments) {
  std::vector<Value> results;
  if (!is_true(input)) {
    return runtime.iterator({});
  }
  const auto items = items_of(input, runtime);
  if (arguments.positional.empty()) {
    const BoundArguments bound("map", arguments, {"attribute", "default"}, 1);
    const AttributeReader reader(bound.get(0), runtime);
    const Value* otherwise = bound.has_value(1) ? bound.get(1) : nullptr;
    for (const Value& item : items) {
      results.push_back(reader.read(item, runtime, otherwise));
    }
    return runtime.iterator(std::move(results));
  }
  const std::string& name = expect_text(arguments.positional[0], "the filter that map() applies");
  const Filter filter = find_filter(name);
  if (filter == nullptr) {
    fail("there is no filter '" + name + "'");
  }
  const Arguments rest = rest_of(arguments, 1);
  for (const Value& item : items) {
    results.push_back(filter(runtime, item, rest));
  }
  return runtime.iterator(std::move(results));
}

Value selected(Runtime& runtime, const Value& input, const Arguments& arguments, bool by_attribute,
               bool wanted) {
  if (!is_true(input)) {
    return runtime.iterator({});
  }
  if (by_attribute && arguments.positional.empty()) {
    fail("the name of the attribute is missing");
  }
  const AttributeReader reader(by_attribute ? &arguments.positional[0] : nullptr, runtime);
  const std::size_t test_at = by_attribute ? 1 : 0;
  Predicate predicate = nullptr;
  Arguments rest;
  if (arguments.positional.size() > test_at) {
    const std::string& name = expect_text(arguments.positional[test_at], "the name of a test");
    predicate = find_predicate(name);
    if (predicate == nullptr) {
      fail("there is no test '" + name + "'");
    }
    rest = rest_of(arguments, test_at + 1);
  }
  std::vector<Value> kept;
  for (Value& item : items_of(input, runtime)) {
    const Value tested = reader.read(item, runtime);
    const bool result = predicate == nullptr ? is_true(tested) : predicate(runtime, tested, rest);
    if (result == wanted) {
      kept.push_back(std::move(item));
    }
  }
  return runtime.iterator(std::move(kept));
}

Value select(Runtime& runtime, const Value& input, const Arguments& arguments) {
  return selected(runtime, input, arguments, false, true);
}

Value reject(Runtime& runtime, const Value& input, const Arguments& arguments) {
  return selected(runtime, input, arguments, false, false);
}

Value selectattr(Runtime& runtime, const Value& input, const Arguments& arguments) {
  return selected(runtime, input, arguments, true, true);
}

Value rejectattr(Runtime& runtime, const Value& input, const Arguments& arguments) {
  return selected(runtime, input, arguments, true, false);
}

/// Like `input.name`, but members of dicts do not count.
Value attr(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("attr", arguments, {"name"}, 1);
  const std::string& name = expect_text(bound.at(0), "the name of the attribute");
  if (input.is(ObjectKind::kDict) && find_method(input, name) == nullptr) {
    return Value::undefined({.name = name, .owner = owner_name(input)});
  }
  return get_attribute(input, name, runtime);
}

bool is_index(std::string_view text) {
  return !text.empty() && text.size() < 10 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

AttributeReader::AttributeReader(const Value* attribute, Runtime& runtime) {
  if (attribute == nullptr || attribute->is_none()) {
    return;
  }
  if (!attribute->is_string()) {
    parts_.push_back(*attribute);
    return;
  }
  const std::string& path = attribute->text();
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    parts_.push_back(is_index(part) ? Value(std::int64_t{std::stoll(part)}) : runtime.text(part));
    begin = end + 1;
  }
}

Value AttributeReader::read(const Value& item, Runtime& runtime, const Value* otherwise) const {
  Value value = item;
  for (const Value& part : parts_) {
    value = get_item(value, part, runtime);
    if (otherwise != nullptr && value.is_undefined()) {
      value = *otherwise;
    }
  }
  return value;
}

Value sort_key(Value value, bool case_sensitive, Runtime& runtime) {
  if (case_sensitive || !value.is_string()) {
    return value;
  }
  return runtime.text(to_lower(value.text()));
}

std::span<const NamedFilter> selection_filters() {
  static constexpr std::array kFilters = {
      NamedFilter{"map", map},
      NamedFilter{"select", select},
      NamedFilter{"reject", reject},
      NamedFilter{"selectattr", selectattr},
      NamedFilter{"rejectattr", rejectattr},
      NamedFilter{"attr", attr},
  };
  return kFilters;
}

}  // namespace axllama::text::jinja
