#include "text/jinja/iteration.h"

#include <string>

#include "text/jinja/error.h"
#include "text/jinja/unicode.h"

namespace axllama::text::jinja {
namespace {

std::vector<Value> characters(const std::string& text, Budget& budget) {
  std::vector<Value> out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t bytes = decode_code_point(text, i).bytes;
    out.emplace_back(std::make_shared<const StringData>(text.substr(i, bytes), &budget));
    i += bytes;
  }
  return out;
}

std::vector<Value> view_items(const DictView& view, Runtime& runtime) {
  std::vector<Value> out;
  out.reserve(view.dict.size());
  for (const auto& [key, member] : view.dict.entries()) {
    switch (view.part) {
      case DictView::Part::kKeys:
        out.push_back(key);
        break;
      case DictView::Part::kValues:
        out.push_back(member);
        break;
      case DictView::Part::kItems:
        out.push_back(runtime.tuple({key, member}));
        break;
    }
  }
  return out;
}

}  // namespace

bool is_iterable(const Value& value) {
  if (value.is_undefined() || value.is_string()) {
    return true;
  }
  if (!value.is_object()) {
    return false;
  }
  switch (value.object()->kind()) {
    case ObjectKind::kList:
    case ObjectKind::kTuple:
    case ObjectKind::kDict:
    case ObjectKind::kRange:
    case ObjectKind::kDictView:
    case ObjectKind::kIterator:
      return true;
    default:
      return false;
  }
}

std::optional<std::size_t> length_of(const Value& value) {
  if (value.is_undefined()) {
    return 0;
  }
  if (value.is_string()) {
    return value.as_string()->length();
  }
  if (!value.is_object()) {
    return std::nullopt;
  }
  switch (value.object()->kind()) {
    case ObjectKind::kList:
      return value.as<List>().items.size();
    case ObjectKind::kTuple:
      return value.as<Tuple>().items.size();
    case ObjectKind::kDict:
      return value.as<Dict>().size();
    case ObjectKind::kRange:
      return static_cast<std::size_t>(value.as<Range>().size());
    case ObjectKind::kDictView:
      return value.as<DictView>().dict.size();
    default:
      return std::nullopt;
  }
}

std::vector<Value> items_of(const Value& value, Runtime& runtime) {
  Budget& budget = runtime.budget();
  if (value.is_undefined()) {
    return {};
  }
  if (const auto size = length_of(value)) {
    budget.step(*size);
    budget.expect_room(*size * sizeof(Value));
  }
  if (value.is_string()) {
    return characters(value.text(), budget);
  }
  if (value.is(ObjectKind::kList)) {
    return value.as<List>().items;
  }
  if (value.is(ObjectKind::kTuple)) {
    return value.as<Tuple>().items;
  }
  std::vector<Value> out;
  if (value.is(ObjectKind::kDict)) {
    for (const auto& [key, member] : value.as<Dict>().entries()) {
      out.push_back(key);
    }
    return out;
  }
  if (value.is(ObjectKind::kDictView)) {
    return view_items(value.as<DictView>(), runtime);
  }
  if (value.is(ObjectKind::kRange)) {
    const auto& range = value.as<Range>();
    const std::int64_t size = range.size();
    for (std::int64_t i = 0; i < size; ++i) {
      out.emplace_back(range.at(i));
    }
    return out;
  }
  if (value.is(ObjectKind::kIterator)) {
    auto& iterator = value.as<Iterator>();
    out.assign(iterator.items.begin() + static_cast<std::ptrdiff_t>(iterator.position), iterator.items.end());
    iterator.position = iterator.items.size();
    budget.step(out.size());
    return out;
  }
  fail("'" + std::string(type_name(value)) + "' is not iterable");
}

}  // namespace axllama::text::jinja
