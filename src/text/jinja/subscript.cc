#include "text/jinja/subscript.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "text/jinja/error.h"
#include "text/jinja/helpers.h"
#include "text/jinja/loop.h"
#include "text/jinja/macro.h"
#include "text/jinja/methods.h"
#include "text/jinja/text_form.h"
#include "text/jinja/unicode.h"

namespace axllama::text::jinja {
namespace {

std::optional<Value> find_field(const Value& object, const std::string& name, Runtime& runtime) {
  if (object.is(ObjectKind::kNamespace)) {
    const Value* found = object.as<Namespace>().attributes.find(name);
    return found == nullptr ? std::nullopt : std::optional(*found);
  }
  if (object.is(ObjectKind::kLoop)) {
    return object.as<Loop>().field(name);
  }
  if (object.is(ObjectKind::kCycler) && name == "current") {
    const auto& cycler = object.as<Cycler>();
    return cycler.items[cycler.position];
  }
  if (object.is(ObjectKind::kMacro) && name == "name") {
    return runtime.text(object.as<Macro>().definition.name);
  }
  if (object.is(ObjectKind::kTuple) && object.as<Tuple>().is_group) {
    if (name == "grouper") {
      return object.as<Tuple>().items[0];
    }
    if (name == "list") {
      return object.as<Tuple>().items[1];
    }
  }
  if (object.is(ObjectKind::kRange)) {
    const auto& range = object.as<Range>();
    if (name == "start" || name == "stop" || name == "step") {
      return Value(name == "start" ? range.start : (name == "stop" ? range.stop : range.step));
    }
  }
  return std::nullopt;
}

bool is_internal(std::string_view name) {
  return name.size() > 4 && name.substr(0, 2) == "__" && name.substr(name.size() - 2) == "__";
}

/// What Python's getattr would find; nothing when the type has no such attribute.
std::optional<Value> find_attribute(const Value& object, const std::string& name, Runtime& runtime) {
  if (is_internal(name)) {
    return Value::undefined({.name = name,
                             .hint = "access to attribute '" + name + "' of '" +
                                     std::string(type_name(object)) + "' object is unsafe"});
  }
  if (const Method* method = find_method(object, name)) {
    return Value(runtime.make<Function>(method->name, method->native, object));
  }
  return find_field(object, name, runtime);
}

Value missing_attribute(const Value& object, const std::string& name) {
  return Value::undefined({.name = name, .owner = owner_name(object)});
}

/// The position that `index`, counted from the end when negative, means in `size` items.
std::optional<std::size_t> position_of(std::int64_t index, std::size_t size) {
  const auto length = static_cast<std::int64_t>(size);
  if (index < 0) {
    index += length;
  }
  if (index < 0 || index >= length) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(index);
}

std::optional<Value> item_at(const Value& object, std::int64_t index, Runtime& runtime) {
  if (object.is_string()) {
    const auto position = position_of(index, object.as_string()->length());
    if (!position) {
      return std::nullopt;
    }
    const std::string& text = object.text();
    if (object.as_string()->is_ascii()) {
      return runtime.text(text.substr(*position, 1));
    }
    runtime.budget().work(text.size());
    const std::size_t offset = byte_offset(text, *position);
    return runtime.text(text.substr(offset, decode_code_point(text, offset).bytes));
  }
  if (object.is(ObjectKind::kList) || object.is(ObjectKind::kTuple)) {
    const auto& items = object.is(ObjectKind::kList) ? object.as<List>().items : object.as<Tuple>().items;
    const auto position = position_of(index, items.size());
    return position ? std::optional(items[*position]) : std::nullopt;
  }
  if (object.is(ObjectKind::kRange)) {
    const auto& range = object.as<Range>();
    const auto position = position_of(index, static_cast<std::size_t>(range.size()));
    return position ? std::optional(Value(range.at(static_cast<std::int64_t>(*position)))) : std::nullopt;
  }
  return std::nullopt;
}

bool is_hashable(const Value& key) {
  return !key.is(ObjectKind::kList) && !key.is(ObjectKind::kDict);
}

std::optional<std::int64_t> slice_part(const Value& value) {
  if (value.is_none()) {
    return std::nullopt;
  }
  if (!value.is_integral()) {
    fail("slice indices must be integers or none, not '" + std::string(type_name(value)) + "'");
  }
  return value.as_int();
}

struct SliceBounds {
  std::int64_t start;
  std::int64_t step;
  std::size_t count;
};

SliceBounds slice_bounds(const Value& start, const Value& stop, const Value& step, std::size_t size) {
  const auto length = static_cast<std::int64_t>(size);
  std::int64_t stride = slice_part(step).value_or(1);
  if (stride == 0) {
    fail("a slice step cannot be zero");
  }
  stride = std::max(stride, -std::numeric_limits<std::int64_t>::max());
  const std::int64_t lowest = stride < 0 ? -1 : 0;
  const std::int64_t highest = stride < 0 ? length - 1 : length;
  const auto clamp = [&](const Value& part, std::int64_t otherwise) {
    const auto given = slice_part(part);
    if (!given) {
      return otherwise;
    }
    // From the end when negative; compared before the addition so that it cannot overflow.
    const std::int64_t from_start = *given < 0 ? (*given < -length ? lowest : *given + length) : *given;
    return std::clamp(from_start, lowest, std::max(lowest, highest));
  };
  const std::int64_t first = clamp(start, stride < 0 ? highest : lowest);
  const std::int64_t last = clamp(stop, stride < 0 ? lowest : highest);
  const std::int64_t span = stride > 0 ? last - first : first - last;
  const std::int64_t magnitude = stride > 0 ? stride : -stride;
  const std::int64_t count = span <= 0 ? 0 : (span - 1) / magnitude + 1;
  return {first, stride, static_cast<std::size_t>(count)};
}

std::string slice_text(const Value& object, const SliceBounds& bounds, Runtime& runtime) {
  const std::string& text = object.text();
  runtime.budget().work(text.size());
  if (bounds.count == 0) {
    return {};
  }
  const auto start = static_cast<std::size_t>(bounds.start);
  if (bounds.step == 1) {
    const std::size_t begin = object.as_string()->is_ascii() ? start : byte_offset(text, start);
    const std::string_view rest = std::string_view(text).substr(begin);
    return std::string(
        rest.substr(0, object.as_string()->is_ascii() ? bounds.count : byte_offset(rest, bounds.count)));
  }
  runtime.budget().expect_room(object.as_string()->length() * sizeof(char32_t));
  const std::u32string points = decode(text);
  std::string out;
  std::int64_t at = bounds.start;
  for (std::size_t i = 0; i < bounds.count; ++i) {
    append_code_point(out, points[static_cast<std::size_t>(at)]);
    at += i + 1 < bounds.count ? bounds.step : 0;
  }
  return out;
}

std::vector<Value> slice_items(const std::vector<Value>& items, const SliceBounds& bounds) {
  std::vector<Value> out;
  out.reserve(bounds.count);
  std::int64_t at = bounds.start;
  for (std::size_t i = 0; i < bounds.count; ++i) {
    out.push_back(items[static_cast<std::size_t>(at)]);
    at += i + 1 < bounds.count ? bounds.step : 0;
  }
  return out;
}

}  // namespace

const Method* find_method(const Value& object, std::string_view name) {
  if (object.is_string()) {
    return find_string_method(name);
  }
  if (object.is_float()) {
    return find_float_method(name);
  }
  if (!object.is_object()) {
    return nullptr;
  }
  switch (object.object()->kind()) {
    case ObjectKind::kList:
      return find_list_method(name);
    case ObjectKind::kTuple:
    case ObjectKind::kRange:
      return find_tuple_method(name);
    case ObjectKind::kDict:
      return find_dict_method(name);
    case ObjectKind::kCycler:
      return find_cycler_method(name);
    case ObjectKind::kLoop:
      return find_loop_method(name);
    default:
      return nullptr;
  }
}

Value get_attribute(const Value& object, const std::string& name, Runtime& runtime) {
  if (object.is_undefined()) {
    object.fail_undefined();
  }
  if (auto found = find_attribute(object, name, runtime)) {
    return *std::move(found);
  }
  if (object.is(ObjectKind::kDict)) {
    if (const Value* member = object.as<Dict>().find(name)) {
      return *member;
    }
  }
  return missing_attribute(object, name);
}

Value get_item(const Value& object, const Value& key, Runtime& runtime) {
  if (object.is_undefined()) {
    object.fail_undefined();
  }
  if (object.is(ObjectKind::kDict)) {
    if (is_hashable(key)) {
      if (const Value* member = object.as<Dict>().find(key, runtime.budget())) {
        return *member;
      }
    }
  } else if (key.is_integral()) {
    if (auto item = item_at(object, key.as_int(), runtime)) {
      return *std::move(item);
    }
  }
  if (key.is_string()) {
    if (auto found = find_attribute(object, key.text(), runtime)) {
      return *std::move(found);
    }
    return missing_attribute(object, key.text());
  }
  return Value::undefined({.name = to_repr(key, runtime), .owner = owner_name(object), .is_element = true});
}

Value get_slice(const Value& object, const Value& start, const Value& stop, const Value& step,
                Runtime& runtime) {
  if (object.is_undefined()) {
    object.fail_undefined();
  }
  if (object.is_string()) {
    const auto bounds = slice_bounds(start, stop, step, object.as_string()->length());
    return runtime.text(slice_text(object, bounds, runtime));
  }
  if (object.is(ObjectKind::kList) || object.is(ObjectKind::kTuple)) {
    const bool is_list = object.is(ObjectKind::kList);
    const auto& items = is_list ? object.as<List>().items : object.as<Tuple>().items;
    auto part = slice_items(items, slice_bounds(start, stop, step, items.size()));
    return is_list ? runtime.list(std::move(part)) : runtime.tuple(std::move(part));
  }
  if (object.is(ObjectKind::kRange)) {
    const auto& range = object.as<Range>();
    const auto bounds = slice_bounds(start, stop, step, static_cast<std::size_t>(range.size()));
    std::int64_t stride = 0;
    std::int64_t length = 0;
    if (__builtin_mul_overflow(range.step, bounds.step, &stride) ||
        __builtin_mul_overflow(stride, static_cast<std::int64_t>(bounds.count), &length)) {
      fail("the slice of the range is too large");
    }
    const std::int64_t first = range.at(bounds.start);
    return Value(runtime.make<Range>(first, first + length, stride));
  }
  fail("'" + std::string(type_name(object)) + "' cannot be sliced");
}

}  // namespace axllama::text::jinja
