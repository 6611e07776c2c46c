#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja/budget.h"
#include "text/jinja/objects.h"
#include "text/jinja/value.h"

namespace axllama::text::jinja {

/// The arguments of a call, in order.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

struct RenderOptions {
  /// The local time for strftime_now; unset: now.
  std::optional<std::chrono::system_clock::time_point> now = {};
};

/// What filters, tests, methods and functions may use of the rendering they run in. Owns every Object of the
/// rendering. Belongs to one thread.
class Runtime {
 public:
  Runtime(const Limits& limits, const RenderOptions& options) : budget_(limits), options_(options) {}
  virtual ~Runtime() = default;
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  Budget& budget() noexcept { return budget_; }
  const RenderOptions& options() const noexcept { return options_; }

  /// Makes an Object that lives until the end of the rendering.
  template <typename T, typename... Args>
  T* make(Args&&... args) {
    budget_.allocate(sizeof(T) + sizeof(void*));
    auto object = std::make_unique<T>(std::forward<Args>(args)...);
    T* raw = object.get();
    objects_.push_back(std::move(object));
    return raw;
  }

  Value text(std::string text) {
    return Value(std::make_shared<const StringData>(std::move(text), &budget_));
  }
  Value list(std::vector<Value> items) { return sequence<List>(std::move(items)); }
  Value tuple(std::vector<Value> items) { return sequence<Tuple>(std::move(items)); }
  Value iterator(std::vector<Value> items) { return sequence<Iterator>(std::move(items)); }
  Dict* dict() { return make<Dict>(); }

  /// Calls a function, a macro or another callable; fails when `callee` is none.
  virtual Value call(const Value& callee, Arguments arguments) = 0;

 private:
  template <typename T>
  Value sequence(std::vector<Value> items) {
    budget_.step(1 + items.size());
    budget_.allocate(items.size() * sizeof(Value));
    return Value(make<T>(std::move(items)));
  }

  Budget budget_;  // outlives the objects below
  const RenderOptions& options_;
  std::vector<std::unique_ptr<Object>> objects_;
};

}  // namespace axllama::text::jinja
