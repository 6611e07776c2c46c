#include <algorithm>
#include <array>
#include <cmath>

#include "text/jinja/arguments.h"
#include "text/jinja/error.h"
#include "text/jinja/iteration.h"
#include "text/jinja/merge.h"
#include "text/jinja/merge_sort.h"
#include "text/jinja/methods.h"
#include "text/jinja/operators.h"
#include "text/jinja/text_form.h"

namespace axllama::text::jinja {
namespace {

// Lists. Changing methods change the list itself, as in Python; lists live no longer than the rendering.

std::vector<Value>& items_in(const Value& list) {
  return list.as<List>().items;
}

Value list_append(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("append", arguments, {"object"}, 1);
  runtime.budget().allocate(2 * sizeof(Value));
  items_in(self).push_back(bound.at(0));
  return Value::none();
}

Value list_extend(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("extend", arguments, {"iterable"}, 1);
  if (!is_iterable(bound.at(0))) {
    fail("'" + std::string(type_name(bound.at(0))) + "' is not iterable");
  }
  const std::vector<Value> more = items_of(bound.at(0), runtime);
  runtime.budget().allocate(2 * sizeof(Value) * more.size());
  items_in(self).insert(items_in(self).end(), more.begin(), more.end());
  return Value::none();
}

Value list_insert(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("insert", arguments, {"index", "object"}, 2);
  auto& items = items_in(self);
  const auto size = static_cast<std::int64_t>(items.size());
  std::int64_t index = expect_integer(bound.at(0));
  index = std::clamp<std::int64_t>(index < 0 ? std::max(index, -size) + size : index, 0, size);
  runtime.budget().allocate(2 * sizeof(Value));
  runtime.budget().step(items.size());
  items.insert(items.begin() + index, bound.at(1));
  return Value::none();
}

Value list_pop(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("pop", arguments, {"index"}, 0);
  auto& items = items_in(self);
  const auto size = static_cast<std::int64_t>(items.size());
  std::int64_t index = bound.integer(0, -1);
  index += index < 0 ? size : 0;
  if (index < 0 || index >= size) {
    fail(items.empty() ? "pop() from an empty list" : "the index of pop() is out of range");
  }
  runtime.budget().step(items.size());
  Value taken = items[static_cast<std::size_t>(index)];
  items.erase(items.begin() + index);
  return taken;
}

std::size_t position_in(const std::vector<Value>& items, const Value& value, Runtime& runtime) {
  const auto found = std::find_if(items.begin(), items.end(),
                                  [&](const Value& each) { return equal(each, value, runtime.budget()); });
  if (found == items.end()) {
    fail(to_repr(value, runtime) + " is not in the list");
  }
  return static_cast<std::size_t>(found - items.begin());
}

Value list_remove(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("remove", arguments, {"value"}, 1);
  auto& items = items_in(self);
  const std::size_t position = position_in(items, bound.at(0), runtime);
  runtime.budget().step(items.size());
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(position));
  return Value::none();
}

Value list_clear(Runtime& /*runtime*/, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("clear", arguments, {}, 0);
  items_in(self).clear();
  return Value::none();
}

Value list_copy(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("copy", arguments, {}, 0);
  return runtime.list(items_in(self));
}

Value list_reverse(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("reverse", arguments, {}, 0);
  runtime.budget().step(items_in(self).size());
  std::reverse(items_in(self).begin(), items_in(self).end());
  return Value::none();
}

Value list_sort(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("sort", arguments, {"reverse"}, 0);
  const bool reverse_order = bound.truth(0, false);
  std::vector<Value> sorted = items_in(self);
  merge_sort(sorted, [&](const Value& left, const Value& right) {
    return reverse_order ? less(right, left, runtime.budget()) : less(left, right, runtime.budget());
  });
  items_in(self) = std::move(sorted);
  return Value::none();
}

Value sequence_index(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("index", arguments, {"value", "start", "stop"}, 1);
  const std::vector<Value> items = items_of(self, runtime);
  const auto size = static_cast<std::int64_t>(items.size());
  const auto clamp = [&](std::int64_t index) {
    return std::clamp<std::int64_t>(index < 0 ? std::max(index, -size) + size : index, 0, size);
  };
  const std::int64_t start = clamp(bound.integer(1, 0));
  const std::int64_t stop = std::max(start, clamp(bound.integer(2, size)));
  const std::vector<Value> part(items.begin() + start, items.begin() + stop);
  return Value(start + static_cast<std::int64_t>(position_in(part, bound.at(0), runtime)));
}

Value sequence_count(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("count", arguments, {"value"}, 1);
  const std::vector<Value> items = items_of(self, runtime);
  return Value(std::int64_t{std::count_if(items.begin(), items.end(), [&](const Value& each) {
    return equal(each, bound.at(0), runtime.budget());
  })});
}

// Dicts.

Dict& dict_in(const Value& self) {
  return self.as<Dict>();
}

template <DictView::Part kPart>
Value dict_view(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("the view of a dict", arguments, {}, 0);
  return Value(runtime.make<DictView>(dict_in(self), kPart));
}

Value dict_get(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("get", arguments, {"key", "default"}, 1);
  const Value* found = dict_in(self).find(bound.at(0), runtime.budget());
  if (found != nullptr) {
    return *found;
  }
  return bound.has(1) ? bound.at(1) : Value::none();
}

Value dict_pop(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("pop", arguments, {"key", "default"}, 1);
  const Value* found = dict_in(self).find(bound.at(0), runtime.budget());
  if (found == nullptr) {
    if (!bound.has(1)) {
      fail("pop() finds no key " + to_repr(bound.at(0), runtime));
    }
    return bound.at(1);
  }
  Value taken = *found;
  dict_in(self).erase(bound.at(0), runtime.budget());
  return taken;
}

Value dict_popitem(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("popitem", arguments, {}, 0);
  if (dict_in(self).size() == 0) {
    fail("popitem() from an empty dict");
  }
  const Dict::Entry last = dict_in(self).entries().back();
  dict_in(self).erase(last.first, runtime.budget());
  return runtime.tuple({last.first, last.second});
}

Value dict_setdefault(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("setdefault", arguments, {"key", "default"}, 1);
  if (const Value* found = dict_in(self).find(bound.at(0), runtime.budget())) {
    return *found;
  }
  Value value = bound.has(1) ? bound.at(1) : Value::none();
  dict_in(self).set(bound.at(0), value, runtime.budget());
  return value;
}

Value dict_update(Runtime& runtime, const Value& self, const Arguments& arguments) {
  merge_into(dict_in(self), arguments, "update", runtime);
  return Value::none();
}

Value dict_copy(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("copy", arguments, {}, 0);
  Dict* copy = runtime.dict();
  for (const auto& [key, value] : dict_in(self).entries()) {
    copy->set(key, value, runtime.budget());
  }
  return Value(copy);
}

Value dict_clear(Runtime& /*runtime*/, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("clear", arguments, {}, 0);
  dict_in(self).clear();
  return Value::none();
}

Value float_is_integer(Runtime& /*runtime*/, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("is_integer", arguments, {}, 0);
  const double value = self.as_float();
  return Value(std::isfinite(value) && std::floor(value) == value);
}

constexpr std::array<Method, 11> kListMethods = {{{"append", list_append},
                                                  {"extend", list_extend},
                                                  {"insert", list_insert},
                                                  {"pop", list_pop},
                                                  {"remove", list_remove},
                                                  {"clear", list_clear},
                                                  {"copy", list_copy},
                                                  {"reverse", list_reverse},
                                                  {"sort", list_sort},
                                                  {"index", sequence_index},
                                                  {"count", sequence_count}}};
constexpr std::array<Method, 2> kTupleMethods = {{{"index", sequence_index}, {"count", sequence_count}}};
constexpr std::array<Method, 10> kDictMethods = {{{"items", dict_view<DictView::Part::kItems>},
                                                  {"keys", dict_view<DictView::Part::kKeys>},
                                                  {"values", dict_view<DictView::Part::kValues>},
                                                  {"get", dict_get},
                                                  {"pop", dict_pop},
                                                  {"popitem", dict_popitem},
                                                  {"setdefault", dict_setdefault},
                                                  {"update", dict_update},
                                                  {"copy", dict_copy},
                                                  {"clear", dict_clear}}};
constexpr std::array<Method, 1> kFloatMethods = {{{"is_integer", float_is_integer}}};

template <std::size_t N>
const Method* find_in(const std::array<Method, N>& methods, std::string_view name) noexcept {
  const auto* const found =
      std::find_if(methods.begin(), methods.end(), [&](const Method& each) { return each.name == name; });
  return found == methods.end() ? nullptr : found;
}

}  // namespace

const Method* find_list_method(std::string_view name) noexcept {
  return find_in(kListMethods, name);
}
const Method* find_tuple_method(std::string_view name) noexcept {
  return find_in(kTupleMethods, name);
}
const Method* find_dict_method(std::string_view name) noexcept {
  return find_in(kDictMethods, name);
}
const Method* find_float_method(std::string_view name) noexcept {
  return find_in(kFloatMethods, name);
}

void merge_into(Dict& dict, const Arguments& arguments, std::string_view function, Runtime& runtime) {
  if (arguments.positional.size() > 1) {
    fail(std::string(function) + "() takes at most one argument without a name, not " +
         std::to_string(arguments.positional.size()));
  }
  if (!arguments.positional.empty()) {
    const Value& source = arguments.positional.front();
    if (source.is(ObjectKind::kDict)) {
      const std::vector<Dict::Entry> entries = source.as<Dict>().entries();
      for (const auto& [key, value] : entries) {
        dict.set(key, value, runtime.budget());
      }
    } else {
      for (const Value& pair : items_of(source, runtime)) {
        std::vector<Value> parts = items_of(pair, runtime);
        if (parts.size() != 2) {
          fail(std::string(function) + "() needs pairs, and one item has " + std::to_string(parts.size()) +
               " members");
        }
        dict.set(std::move(parts[0]), std::move(parts[1]), runtime.budget());
      }
    }
  }
  for (const auto& [name, value] : arguments.named) {
    dict.set(runtime.text(name), value, runtime.budget());
  }
}

}  // namespace axllama::text::jinja
