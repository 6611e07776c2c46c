#include "text/jinja/loop.h"

#include "text/jinja/arguments.h"
#include "text/jinja/error.h"
#include "text/jinja/helpers.h"
#include "text/jinja/operators.h"

namespace axllama::text::jinja {
namespace {

Value cycle(Runtime& /*runtime*/, const Value& self, const Arguments& arguments) {
  if (arguments.positional.empty()) {
    fail("loop.cycle() needs at least one value");
  }
  const auto index = static_cast<std::size_t>(self.as<Loop>().index0());
  return arguments.positional[index % arguments.positional.size()];
}

Value changed(Runtime& runtime, const Value& self, const Arguments& arguments) {
  auto& last = self.as<Loop>().last_changed;
  bool same = last && last->size() == arguments.positional.size();
  for (std::size_t i = 0; same && i < last->size(); ++i) {
    same = equal((*last)[i], arguments.positional[i], runtime.budget());
  }
  if (!same) {
    last = arguments.positional;
  }
  return Value(!same);
}

}  // namespace

const Method* find_loop_method(std::string_view name) noexcept {
  static constexpr Method kMethods[] = {{"cycle", cycle}, {"changed", changed}};
  for (const Method& method : kMethods) {
    if (method.name == name) {
      return &method;
    }
  }
  return nullptr;
}

std::optional<Value> Loop::advance() {
  if (!has_next()) {
    return std::nullopt;
  }
  ++index0_;
  before_ = std::move(current_);
  current_ = std::move(ahead_.front());
  ahead_.pop_front();
  return current_;
}

void Loop::finish() {
  source_ = nullptr;
  recursion_ = nullptr;
}

bool Loop::has_next() {
  if (ahead_.empty() && source_) {
    if (auto item = source_()) {
      ahead_.push_back(*std::move(item));
    }
  }
  return !ahead_.empty();
}

std::int64_t Loop::length() {
  while (source_) {
    auto item = source_();
    if (!item) {
      break;
    }
    ahead_.push_back(*std::move(item));
  }
  return index0_ + 1 + static_cast<std::int64_t>(ahead_.size());
}

std::optional<Value> Loop::field(const std::string& name) {
  if (name == "index") {
    return Value(index0_ + 1);
  }
  if (name == "index0") {
    return Value(index0_);
  }
  if (name == "first") {
    return Value(index0_ == 0);
  }
  if (name == "last") {
    return Value(!has_next());
  }
  if (name == "length") {
    return Value(length());
  }
  if (name == "revindex") {
    return Value(length() - index0_);
  }
  if (name == "revindex0") {
    return Value(length() - index0_ - 1);
  }
  if (name == "depth") {
    return Value(std::int64_t{depth_} + 1);
  }
  if (name == "depth0") {
    return Value(std::int64_t{depth_});
  }
  if (name == "previtem") {
    return before_ ? *before_ : Value::undefined({.name = name, .hint = "there is no previous item"});
  }
  if (name == "nextitem") {
    return has_next() ? ahead_.front() : Value::undefined({.name = name, .hint = "there is no next item"});
  }
  return std::nullopt;
}

std::string Loop::progress() const {
  return std::to_string(index0_ + 1) + "/" +
         std::to_string(index0_ + 1 + static_cast<std::int64_t>(ahead_.size()));
}

Value Loop::recurse(const Value& iterable) const {
  if (!recursion_) {
    fail("only a loop marked 'recursive' can be called, and only from within");
  }
  return recursion_(iterable);
}

}  // namespace axllama::text::jinja
