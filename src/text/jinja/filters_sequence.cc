#include <algorithm>
#include <array>

#include "text/jinja/arguments.h"
#include "text/jinja/error.h"
#include "text/jinja/filter_groups.h"
#include "text/jinja/iteration.h"
#include "text/jinja/merge_sort.h"
#include "text/jinja/operators.h"
#include "text/jinja/subscript.h"
#include "text/jinja/text_form.h"
#include "text/jinja/unicode.h"

namespace axllama::text::jinja {
namespace {

Value length(Runtime& /*runtime*/, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("length", arguments, {}, 0);
  const auto size = length_of(input);
  if (!size) {
    fail("'" + std::string(type_name(input)) + "' has no length");
  }
  return Value(static_cast<std::int64_t>(*size));
}

Value default_value(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("default", arguments, {"default_value", "boolean"}, 0);
  if (input.is_undefined() || (bound.truth(1, false) && !is_true(input))) {
    return bound.has(0) ? bound.at(0) : runtime.text("");
  }
  return input;
}

Value first(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("first", arguments, {}, 0);
  if (input.is(ObjectKind::kIterator)) {  // takes one and leaves the others
    auto& iterator = input.as<Iterator>();
    if (iterator.position < iterator.items.size()) {
      return iterator.items[iterator.position++];
    }
  } else if (input.is_string() && !input.text().empty()) {
    return get_item(input, Value(std::int64_t{0}), runtime);
  } else {
    const auto items = items_of(input, runtime);
    if (!items.empty()) {
      return items.front();
    }
  }
  return Value::undefined({.name = "first", .hint = "there is no first item, the sequence is empty"});
}

Value last(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("last", arguments, {}, 0);
  if (input.is(ObjectKind::kIterator)) {
    fail(
        "last() cannot walk backwards through what map, select and the like return; use the list filter "
        "first");
  }
  if (input.is_string() && !input.text().empty()) {
    return get_item(input, Value(std::int64_t{-1}), runtime);
  }
  const auto items = items_of(input, runtime);
  if (items.empty()) {
    return Value::undefined({.name = "last", .hint = "there is no last item, the sequence is empty"});
  }
  return items.back();
}

Value join(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("join", arguments, {"d", "attribute"}, 0);
  const std::string separator = bound.has(0) ? to_text(bound.at(0), runtime) : "";
  const AttributeReader reader(bound.get(1), runtime);
  std::string out;
  bool is_first = true;
  for (const Value& item : items_of(input, runtime)) {
    if (!is_first) {
      out += separator;
    }
    is_first = false;
    append_text(out, reader.read(item, runtime), runtime);
    runtime.budget().expect_room(out.size() + separator.size());
  }
  return runtime.text(std::move(out));
}

Value list(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("list", arguments, {}, 0);
  return runtime.list(items_of(input, runtime));
}

Value reverse(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("reverse", arguments, {}, 0);
  if (input.is_string()) {
    return get_slice(input, Value::none(), Value::none(), Value(std::int64_t{-1}), runtime);
  }
  auto items = items_of(input, runtime);
  std::reverse(items.begin(), items.end());
  return input.is(ObjectKind::kIterator) ? runtime.list(std::move(items))
                                         : runtime.iterator(std::move(items));
}

struct Keyed {
  std::vector<Value> keys;
  Value item;
};

enum class KeyCount : std::uint8_t { kOne, kMany };

/// Stable; compares key by key. A single key is compared even with its equal, so that values without an order
/// fail.
void sort_by_keys(std::vector<Keyed>& items, KeyCount key_count, bool reverse_order, Runtime& runtime) {
  const auto before = [&](const Keyed& left, const Keyed& right) {
    if (key_count == KeyCount::kOne) {
      return less(left.keys[0], right.keys[0], runtime.budget());
    }
    for (std::size_t i = 0; i < left.keys.size(); ++i) {
      if (!equal(left.keys[i], right.keys[i], runtime.budget())) {
        return less(left.keys[i], right.keys[i], runtime.budget());
      }
    }
    return false;
  };
  merge_sort(items, [&](const Keyed& left, const Keyed& right) {
    return reverse_order ? before(right, left) : before(left, right);
  });
}

std::vector<Value> items_in_order(std::vector<Keyed> keyed) {
  std::vector<Value> items;
  items.reserve(keyed.size());
  for (Keyed& each : keyed) {
    items.push_back(std::move(each.item));
  }
  return items;
}

Value sort(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("sort", arguments, {"reverse", "case_sensitive", "attribute"}, 0);
  const bool case_sensitive = bound.truth(1, false);
  // "a,b" sorts by a, then by b.
  std::vector<AttributeReader> readers;
  if (bound.has_value(2) && bound.at(2).is_string()) {
    const std::string& names = bound.at(2).text();
    for (std::size_t begin = 0; begin <= names.size();) {
      const std::size_t end = std::min(names.find(',', begin), names.size());
      const Value name = runtime.text(names.substr(begin, end - begin));
      readers.emplace_back(&name, runtime);
      begin = end + 1;
    }
  } else {
    readers.emplace_back(bound.get(2), runtime);
  }
  std::vector<Keyed> keyed;
  for (Value& item : items_of(input, runtime)) {
    std::vector<Value> keys;
    for (const AttributeReader& reader : readers) {
      keys.push_back(sort_key(reader.read(item, runtime), case_sensitive, runtime));
    }
    keyed.push_back({std::move(keys), std::move(item)});
  }
  sort_by_keys(keyed, KeyCount::kMany, bound.truth(0, false), runtime);
  return runtime.list(items_in_order(std::move(keyed)));
}

const Dict& expect_dict(const Value& value, const char* filter) {
  if (!value.is(ObjectKind::kDict)) {
    fail(std::string(filter) + "() needs a dict, not '" + std::string(type_name(value)) + "'");
  }
  return value.as<Dict>();
}

Value dictsort(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("dictsort", arguments, {"case_sensitive", "by", "reverse"}, 0);
  const std::string by = bound.has(1) ? expect_text(bound.at(1), "by") : "key";
  if (by != "key" && by != "value") {
    fail("dictsort() can sort by 'key' or 'value', not by '" + by + "'");
  }
  std::vector<Keyed> keyed;
  if (input.is_undefined()) {
    input.fail_undefined();
  }
  for (const auto& [key, value] : expect_dict(input, "dictsort").entries()) {
    keyed.push_back(
        {{sort_key(by == "key" ? key : value, bound.truth(0, false), runtime)}, runtime.tuple({key, value})});
  }
  sort_by_keys(keyed, KeyCount::kOne, bound.truth(2, false), runtime);
  return runtime.list(items_in_order(std::move(keyed)));
}

Value items(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("items", arguments, {}, 0);
  std::vector<Value> pairs;
  if (!input.is_undefined()) {
    for (const auto& [key, value] : expect_dict(input, "items").entries()) {
      pairs.push_back(runtime.tuple({key, value}));
    }
  }
  return runtime.iterator(std::move(pairs));
}

Value unique(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("unique", arguments, {"case_sensitive", "attribute"}, 0);
  const AttributeReader reader(bound.get(1), runtime);
  Dict* seen = runtime.dict();
  std::vector<Value> kept;
  for (Value& item : items_of(input, runtime)) {
    Value key = sort_key(reader.read(item, runtime), bound.truth(0, false), runtime);
    if (seen->find(key, runtime.budget()) == nullptr) {
      seen->set(std::move(key), Value::none(), runtime.budget());
      kept.push_back(std::move(item));
    }
  }
  return runtime.iterator(std::move(kept));
}

Value extreme(Runtime& runtime, const Value& input, const Arguments& arguments, bool want_less,
              const char* name) {
  const BoundArguments bound(name, arguments, {"case_sensitive", "attribute"}, 0);
  const bool case_sensitive = bound.truth(0, false);
  const AttributeReader reader(bound.get(1), runtime);
  const auto candidates = items_of(input, runtime);
  if (candidates.empty()) {
    return Value::undefined(
        {.name = name, .hint = std::string("there is no ") + name + ", the sequence is empty"});
  }
  Value best = candidates.front();
  Value best_key = sort_key(reader.read(best, runtime), case_sensitive, runtime);
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    Value key = sort_key(reader.read(candidates[i], runtime), case_sensitive, runtime);
    if (want_less ? less(key, best_key, runtime.budget()) : less(best_key, key, runtime.budget())) {
      best = candidates[i];
      best_key = std::move(key);
    }
  }
  return best;
}

Value minimum(Runtime& runtime, const Value& input, const Arguments& arguments) {
  return extreme(runtime, input, arguments, true, "min");
}

Value maximum(Runtime& runtime, const Value& input, const Arguments& arguments) {
  return extreme(runtime, input, arguments, false, "max");
}

Value sum(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("sum", arguments, {"attribute", "start"}, 0);
  const AttributeReader reader(bound.get(0), runtime);
  Value total = bound.has(1) ? bound.at(1) : Value(std::int64_t{0});
  if (total.is_string()) {
    fail("sum() cannot add strings; use the join filter");
  }
  for (const Value& item : items_of(input, runtime)) {
    total = apply(BinaryOperator::kAdd, total, reader.read(item, runtime), runtime);
  }
  return total;
}

Value batch(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("batch", arguments, {"linecount", "fill_with"}, 1);
  const std::int64_t size = expect_integer(bound.at(0));
  std::vector<Value> rows;
  std::vector<Value> row;
  for (Value& item : items_of(input, runtime)) {
    if (static_cast<std::int64_t>(row.size()) == size) {
      rows.push_back(runtime.list(std::move(row)));
      row = {};
    }
    row.push_back(std::move(item));
  }
  if (!row.empty()) {
    if (bound.has_value(1) && size > static_cast<std::int64_t>(row.size())) {
      runtime.budget().expect_room(
          static_cast<std::size_t>(std::min<std::int64_t>(size, std::int64_t{1} << 40U)) * sizeof(Value));
      row.resize(static_cast<std::size_t>(size), bound.at(1));
    }
    rows.push_back(runtime.list(std::move(row)));
  }
  return runtime.iterator(std::move(rows));
}

Value slice(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("slice", arguments, {"slices", "fill_with"}, 1);
  const auto source = items_of(input, runtime);
  const std::int64_t slices = expect_integer(bound.at(0));
  if (slices == 0) {
    fail("division by zero: slice() needs at least one slice");
  }
  const auto count = static_cast<std::int64_t>(source.size());
  const std::int64_t each = slices > 0 ? count / slices : 0;
  const std::int64_t longer = slices > 0 ? count % slices : 0;
  std::vector<Value> columns;
  auto at = source.begin();
  for (std::int64_t i = 0; i < slices; ++i) {
    const auto end = at + static_cast<std::ptrdiff_t>(each + (i < longer ? 1 : 0));
    std::vector<Value> column(at, end);
    at = end;
    if (bound.has_value(1) && i >= longer) {
      column.push_back(bound.at(1));
    }
    columns.push_back(runtime.list(std::move(column)));
  }
  return runtime.iterator(std::move(columns));
}

Value groupby(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("groupby", arguments, {"attribute", "default", "case_sensitive"}, 1);
  const bool case_sensitive = bound.truth(2, false);
  const Value* otherwise = bound.has_value(1) ? bound.get(1) : nullptr;
  const AttributeReader reader(bound.get(0), runtime);
  std::vector<Keyed> keyed;
  for (Value& item : items_of(input, runtime)) {
    std::vector<Value> key = {sort_key(reader.read(item, runtime, otherwise), case_sensitive, runtime)};
    keyed.push_back({std::move(key), std::move(item)});
  }
  sort_by_keys(keyed, KeyCount::kOne, false, runtime);
  std::vector<Value> groups;
  for (std::size_t begin = 0; begin < keyed.size();) {
    std::vector<Value> members;
    std::size_t end = begin;
    for (; end < keyed.size() && equal(keyed[begin].keys[0], keyed[end].keys[0], runtime.budget()); ++end) {
      members.push_back(keyed[end].item);
    }
    // Without case, the group is named as its first member writes it.
    Value name = case_sensitive ? keyed[begin].keys[0] : reader.read(members.front(), runtime, otherwise);
    const Value group = runtime.tuple({std::move(name), runtime.list(std::move(members))});
    group.as<Tuple>().is_group = true;
    groups.push_back(group);
    begin = end;
  }
  return runtime.list(std::move(groups));
}

}  // namespace

std::span<const NamedFilter> sequence_filters() {
  static constexpr std::array kFilters = {
      NamedFilter{"length", length},   NamedFilter{"count", length}, NamedFilter{"default", default_value},
      NamedFilter{"d", default_value}, NamedFilter{"first", first},  NamedFilter{"last", last},
      NamedFilter{"join", join},       NamedFilter{"list", list},    NamedFilter{"reverse", reverse},
      NamedFilter{"sort", sort},       NamedFilter{"items", items},  NamedFilter{"dictsort", dictsort},
      NamedFilter{"unique", unique},   NamedFilter{"min", minimum},  NamedFilter{"max", maximum},
      NamedFilter{"sum", sum},         NamedFilter{"batch", batch},  NamedFilter{"slice", slice},
      NamedFilter{"groupby", groupby},
  };
  return kFilters;
}

}  // namespace axllama::text::jinja
