#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "text/jinja/value.h"

namespace axllama::text::jinja {

class Runtime;
struct Arguments;

class List : public Object {
 public:
  explicit List(std::vector<Value> list_items) : Object(ObjectKind::kList), items(std::move(list_items)) {}
  std::vector<Value> items;
};

class Tuple : public Object {
 public:
  explicit Tuple(std::vector<Value> tuple_items)
      : Object(ObjectKind::kTuple), items(std::move(tuple_items)) {}
  std::vector<Value> items;
  /// Whether items[0] and items[1] are also attributes `grouper` and `list` (results of groupby).
  bool is_group = false;
};

/// A mapping that keeps the order of insertion. Keys are hashable values; 1, 1.0 and true are one key.
class Dict : public Object {
 public:
  using Entry = std::pair<Value, Value>;

  Dict() : Object(ObjectKind::kDict) {}

  const std::vector<Entry>& entries() const noexcept { return entries_; }
  std::size_t size() const noexcept { return entries_.size(); }

  /// Null when there is no such key. A key that cannot be hashed fails ("unhashable type: 'list'").
  const Value* find(const Value& key, Budget& budget) const;
  const Value* find(std::string_view key) const noexcept;
  void set(Value key, Value value, Budget& budget);
  /// Removes the key; false when there is none.
  bool erase(const Value& key, Budget& budget);
  void clear() noexcept;

 private:
  static constexpr std::size_t kIndexFrom = 9;  // fewer entries are searched one by one

  std::size_t find_entry(const Value& key, std::size_t hash, Budget& budget) const;
  void index_all();

  std::vector<Entry> entries_;
  std::vector<std::size_t> hashes_;  // of entries_, in the same order
  std::unordered_multimap<std::size_t, std::size_t>
      by_hash_;  // hash → entry; filled from kIndexFrom entries on
};

class Namespace : public Object {
 public:
  Namespace() : Object(ObjectKind::kNamespace) {}
  Dict attributes;
};

class Range : public Object {
 public:
  Range(std::int64_t range_start, std::int64_t range_stop, std::int64_t range_step)
      : Object(ObjectKind::kRange), start(range_start), stop(range_stop), step(range_step) {}
  std::int64_t size() const noexcept;
  std::int64_t at(std::int64_t index) const noexcept { return start + index * step; }
  const std::int64_t start;
  const std::int64_t stop;
  const std::int64_t step;  // not 0
};

/// What dict.keys(), .values() and .items() return: a live view.
class DictView : public Object {
 public:
  enum class Part : std::uint8_t { kKeys, kValues, kItems };
  DictView(const Dict& viewed, Part viewed_part)
      : Object(ObjectKind::kDictView), dict(viewed), part(viewed_part) {}
  const Dict& dict;
  const Part part;
};

/// A sequence that can be walked through once, as filters such as `map` and `select` return.
class Iterator : public Object {
 public:
  explicit Iterator(std::vector<Value> all) : Object(ObjectKind::kIterator), items(std::move(all)) {}
  std::vector<Value> items;
  std::size_t position = 0;
};

/// A built-in function, or a built-in method together with the value it was taken from.
class Function : public Object {
 public:
  using Native = Value (*)(Runtime& runtime, const Value& self, const Arguments& arguments);
  Function(std::string_view function_name, Native native_function, Value bound_self)
      : Object(ObjectKind::kFunction),
        name(function_name),
        native(native_function),
        self(std::move(bound_self)) {}
  const std::string_view name;  // static storage
  const Native native;
  const Value self;
};

class Cycler : public Object {
 public:
  explicit Cycler(std::vector<Value> cycled) : Object(ObjectKind::kCycler), items(std::move(cycled)) {}
  const std::vector<Value> items;  // not empty
  std::size_t position = 0;
};

class Joiner : public Object {
 public:
  explicit Joiner(Value joint) : Object(ObjectKind::kJoiner), separator(std::move(joint)) {}
  const Value separator;
  bool used = false;
};

}  // namespace axllama::text::jinja
