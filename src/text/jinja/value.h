#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "text/jinja/budget.h"

namespace axllama::text::jinja {

/// An immutable string value, UTF-8. Positions and lengths in templates count code points.
class StringData {
 public:
  /// `budget`, when given, is charged for as long as the string lives and must outlive it.
  explicit StringData(std::string text, Budget* budget = nullptr);
  ~StringData();
  StringData(const StringData&) = delete;
  StringData& operator=(const StringData&) = delete;

  const std::string& text() const noexcept { return text_; }
  std::size_t length() const noexcept { return length_; }  // code points
  bool is_ascii() const noexcept { return length_ == text_.size(); }

 private:
  std::string text_;
  std::size_t length_;
  Budget* budget_;
};
using StringPtr = std::shared_ptr<const StringData>;

/// Why a value is undefined; gives the message when it is used nevertheless.
struct UndefinedInfo {
  std::string name;         // of the variable, or of the attribute
  std::string owner = {};   // what has no such attribute, "dict object"; empty for a variable
  std::string hint = {};    // the whole message, when it is neither of these
  bool is_element = false;  // `name` is the text of an index, not of an attribute
};

enum class ObjectKind : std::uint8_t {
  kList,
  kTuple,
  kDict,
  kNamespace,
  kRange,
  kDictView,
  kIterator,
  kFunction,
  kMacro,
  kLoop,
  kCycler,
  kJoiner,
};

/// Base of everything that is shared by reference. Owned by the Heap of one rendering.
class Object {
 public:
  virtual ~Object();
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  ObjectKind kind() const noexcept { return kind_; }

 protected:
  explicit Object(ObjectKind kind) noexcept : kind_(kind) {}

 private:
  ObjectKind kind_;
};

struct NoneValue {};

/// A value of the template language: undefined, none, bool, int (64 bits), float, string, or a reference to
/// an Object.
class Value {
 public:
  Value() = default;  // undefined, without a name
  explicit Value(NoneValue none) : data_(none) {}
  explicit Value(bool value) : data_(value) {}
  explicit Value(std::int64_t value) : data_(value) {}
  explicit Value(double value) : data_(value) {}
  explicit Value(StringPtr value) : data_(std::move(value)) {}
  explicit Value(Object* value) : data_(value) {}
  explicit Value(const char*) = delete;  // would become bool
  static Value none() { return Value(NoneValue{}); }
  static Value undefined(UndefinedInfo info);

  bool is_undefined() const noexcept { return std::holds_alternative<UndefinedPtr>(data_); }
  bool is_none() const noexcept { return std::holds_alternative<NoneValue>(data_); }
  bool is_bool() const noexcept { return std::holds_alternative<bool>(data_); }
  bool is_int() const noexcept { return std::holds_alternative<std::int64_t>(data_); }
  bool is_float() const noexcept { return std::holds_alternative<double>(data_); }
  bool is_string() const noexcept { return std::holds_alternative<StringPtr>(data_); }
  bool is_object() const noexcept { return std::holds_alternative<Object*>(data_); }
  bool is(ObjectKind kind) const noexcept { return is_object() && object()->kind() == kind; }
  /// int or bool, which counts as 0 or 1.
  bool is_integral() const noexcept { return is_int() || is_bool(); }
  bool is_number() const noexcept { return is_integral() || is_float(); }

  bool as_bool() const { return std::get<bool>(data_); }
  std::int64_t as_int() const { return is_bool() ? (as_bool() ? 1 : 0) : std::get<std::int64_t>(data_); }
  /// Any number as a float.
  double as_float() const { return is_float() ? std::get<double>(data_) : static_cast<double>(as_int()); }
  const StringPtr& as_string() const { return std::get<StringPtr>(data_); }
  const std::string& text() const { return as_string()->text(); }
  Object* object() const { return std::get<Object*>(data_); }
  template <typename T>
  T& as() const {
    return static_cast<T&>(*object());
  }

  /// Throws the Failure (kUndefined) that tells what is undefined.
  [[noreturn]] void fail_undefined() const;
  /// The same identity: one object, or equal scalars of one type.
  bool same_as(const Value& other) const noexcept;

 private:
  using UndefinedPtr = std::shared_ptr<const UndefinedInfo>;
  std::variant<UndefinedPtr, NoneValue, bool, std::int64_t, double, StringPtr, Object*> data_;
};

/// Python's name of the value's type: "str", "int", "NoneType", "list", ...
std::string_view type_name(const Value& value) noexcept;
/// The owner named in "X has no attribute": "dict object", "None".
std::string owner_name(const Value& value);

}  // namespace axllama::text::jinja
