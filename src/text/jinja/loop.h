#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "text/jinja/objects.h"

namespace axllama::text::jinja {

/// The special variable `loop`: where a for-loop stands. Looks ahead in the loop's items only when asked for
/// `last`, `length`, `revindex` or `nextitem`.
class Loop : public Object {
 public:
  using Source = std::function<std::optional<Value>()>;  // the next item, filter applied; nothing at the end
  using Recursion = std::function<Value(const Value&)>;  // renders the loop over another iterable

  Loop(Source source, Recursion recursion, int depth)
      : Object(ObjectKind::kLoop),
        source_(std::move(source)),
        recursion_(std::move(recursion)),
        depth_(depth) {}

  /// Moves to the next item; nothing at the end.
  std::optional<Value> advance();
  /// The loop is over: what it refers to may go away.
  void finish();

  /// An attribute such as `index`; nothing when there is none of that name.
  std::optional<Value> field(const std::string& name);
  std::string progress() const;  // "2/5"
  std::int64_t index0() const noexcept { return index0_; }
  int depth0() const noexcept { return depth_; }
  /// loop(iterable) of a recursive loop.
  Value recurse(const Value& iterable) const;

  std::optional<std::vector<Value>> last_changed;  // the arguments loop.changed() saw last

 private:
  bool has_next();
  std::int64_t length();

  Source source_;
  Recursion recursion_;
  int depth_;
  std::int64_t index0_ = -1;
  std::optional<Value> before_;
  std::optional<Value> current_;
  std::deque<Value> ahead_;
};

}  // namespace axllama::text::jinja
