#include "text/jinja/operators.h"

#include <algorithm>
#include <compare>
#include <functional>
#include <string>

#include "text/jinja/error.h"
#include "text/jinja/iteration.h"
#include "text/jinja/search.h"

namespace axllama::text::jinja {
namespace {

void check_depth(int depth, const Budget& budget) {
  if (depth > budget.limits().max_data_depth) {
    throw Failure(ErrorKind::kLimit, "compared values are nested deeper than " +
                                         std::to_string(budget.limits().max_data_depth) + " levels");
  }
}

std::partial_ordering order_numbers(const Value& left, const Value& right) {
  if (!left.is_float() && !right.is_float()) {
    return left.as_int() <=> right.as_int();
  }
  // long double holds every 64-bit integer and every double exactly on the platforms we build for.
  const auto exact = [](const Value& v) {
    return v.is_float() ? static_cast<long double>(v.as_float()) : static_cast<long double>(v.as_int());
  };
  return exact(left) <=> exact(right);
}

const std::vector<Value>* members(const Value& value) {
  if (value.is(ObjectKind::kList)) {
    return &value.as<List>().items;
  }
  if (value.is(ObjectKind::kTuple)) {
    return &value.as<Tuple>().items;
  }
  return nullptr;
}

bool equal_at(const Value& left, const Value& right, Budget& budget, int depth);

bool equal_dicts(const Dict& left, const Dict& right, Budget& budget, int depth) {
  if (left.size() != right.size()) {
    return false;
  }
  return std::all_of(left.entries().begin(), left.entries().end(), [&](const Dict::Entry& entry) {
    const Value* other = right.find(entry.first, budget);
    return other != nullptr && equal_at(entry.second, *other, budget, depth + 1);
  });
}

bool equal_objects(const Value& left, const Value& right, Budget& budget, int depth) {
  if (left.object() == right.object()) {
    return true;
  }
  if (left.object()->kind() != right.object()->kind()) {
    return false;
  }
  if (const auto* left_items = members(left)) {
    const auto& right_items = *members(right);
    return left_items->size() == right_items.size() &&
           std::equal(left_items->begin(), left_items->end(), right_items.begin(),
                      [&](const Value& l, const Value& r) { return equal_at(l, r, budget, depth + 1); });
  }
  if (left.is(ObjectKind::kDict)) {
    return equal_dicts(left.as<Dict>(), right.as<Dict>(), budget, depth);
  }
  if (left.is(ObjectKind::kRange)) {
    const auto& l = left.as<Range>();
    const auto& r = right.as<Range>();
    return l.size() == r.size() &&
           (l.size() == 0 || (l.start == r.start && (l.size() == 1 || l.step == r.step)));
  }
  return false;
}

bool equal_at(const Value& left, const Value& right, Budget& budget, int depth) {
  check_depth(depth, budget);
  budget.step();
  if (left.is_number() && right.is_number()) {
    return order_numbers(left, right) == std::partial_ordering::equivalent;
  }
  if (left.is_string() && right.is_string()) {
    if (left.text().size() != right.text().size()) {
      return false;
    }
    budget.work(left.text().size());
    return left.text() == right.text();
  }
  if (left.is_object() && right.is_object()) {
    return equal_objects(left, right, budget, depth);
  }
  return (left.is_undefined() && right.is_undefined()) || (left.is_none() && right.is_none());
}

std::partial_ordering order_at(const Value& left, const Value& right, const char* symbol, Budget& budget,
                               int depth) {
  check_depth(depth, budget);
  budget.step();
  if (left.is_number() && right.is_number()) {
    return order_numbers(left, right);
  }
  if (left.is_string() && right.is_string()) {
    budget.work(std::min(left.text().size(), right.text().size()));
    return left.text() <=> right.text();  // UTF-8 keeps the order of code points
  }
  const auto* left_items = members(left);
  const auto* right_items = members(right);
  if (left_items != nullptr && right_items != nullptr && left.object()->kind() == right.object()->kind()) {
    const std::size_t common = std::min(left_items->size(), right_items->size());
    for (std::size_t i = 0; i < common; ++i) {
      if (!equal_at((*left_items)[i], (*right_items)[i], budget, depth + 1)) {
        return order_at((*left_items)[i], (*right_items)[i], symbol, budget, depth + 1);
      }
    }
    return left_items->size() <=> right_items->size();
  }
  for (const Value* side : {&left, &right}) {
    if (side->is_undefined()) {
      side->fail_undefined();
    }
  }
  fail("'" + std::string(symbol) + "' is not defined between '" + std::string(type_name(left)) + "' and '" +
       std::string(type_name(right)) + "'");
}

std::size_t hash_at(const Value& value, Budget& budget, int depth) {
  check_depth(depth, budget);
  budget.step();
  if (value.is_string()) {
    budget.work(value.text().size());
    return hash_text(value.text());
  }
  if (value.is_number()) {
    // Equal numbers of different types must agree: integers within the float's exact range are hashed as
    // floats.
    return std::hash<double>{}(value.as_float());
  }
  if (value.is_undefined()) {
    return 1;
  }
  if (value.is_none()) {
    return 2;
  }
  if (value.is(ObjectKind::kTuple)) {
    std::size_t hash = 3;
    for (const Value& item : value.as<Tuple>().items) {
      hash = hash * 1000003U ^ hash_at(item, budget, depth + 1);
    }
    return hash;
  }
  if (value.is(ObjectKind::kList) || value.is(ObjectKind::kDict)) {
    fail("a " + std::string(type_name(value)) + " cannot be a key: it is unhashable");
  }
  return std::hash<const Object*>{}(value.object());
}

bool contains_member(const std::vector<Value>& items, const Value& item, Budget& budget) {
  return std::any_of(items.begin(), items.end(),
                     [&](const Value& each) { return equal(each, item, budget); });
}

}  // namespace

bool is_true(const Value& value) {
  if (value.is_undefined() || value.is_none()) {
    return false;
  }
  if (value.is_number()) {
    return value.is_float() ? value.as_float() != 0.0 : value.as_int() != 0;
  }
  if (value.is_string()) {
    return !value.text().empty();
  }
  const auto size = length_of(value);
  return !size || *size != 0;
}

bool equal(const Value& left, const Value& right, Budget& budget) {
  return equal_at(left, right, budget, 0);
}

bool less(const Value& left, const Value& right, Budget& budget) {
  return order_at(left, right, "<", budget, 0) == std::partial_ordering::less;
}

bool contains(const Value& container, const Value& item, Runtime& runtime) {
  Budget& budget = runtime.budget();
  if (container.is_string()) {
    if (!item.is_string()) {
      fail("only a string can be 'in' a string, not '" + std::string(type_name(item)) + "'");
    }
    budget.work(container.text().size() + item.text().size());
    return find_text(container.text(), item.text()) != std::string_view::npos;
  }
  if (container.is_undefined()) {
    return false;
  }
  if (container.is(ObjectKind::kDict)) {
    return container.as<Dict>().find(item, budget) != nullptr;
  }
  if (const auto* items = members(container)) {
    return contains_member(*items, item, budget);
  }
  return contains_member(items_of(container, runtime), item, budget);
}

bool compare(Comparison operation, const Value& left, const Value& right, Runtime& runtime) {
  Budget& budget = runtime.budget();
  switch (operation) {
    case Comparison::kEqual:
      return equal(left, right, budget);
    case Comparison::kNotEqual:
      return !equal(left, right, budget);
    case Comparison::kLess:
      return order_at(left, right, "<", budget, 0) == std::partial_ordering::less;
    case Comparison::kLessEqual:
      return std::is_lteq(order_at(left, right, "<=", budget, 0));
    case Comparison::kGreater:
      return order_at(left, right, ">", budget, 0) == std::partial_ordering::greater;
    case Comparison::kGreaterEqual:
      return std::is_gteq(order_at(left, right, ">=", budget, 0));
    case Comparison::kIn:
      return contains(right, left, runtime);
    case Comparison::kNotIn:
      return !contains(right, left, runtime);
  }
  return false;
}

std::size_t hash_value(const Value& value, Budget& budget) {
  return hash_at(value, budget, 0);
}
std::size_t hash_text(std::string_view text) noexcept {
  return std::hash<std::string_view>{}(text);
}

}  // namespace axllama::text::jinja
