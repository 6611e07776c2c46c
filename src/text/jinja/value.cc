#include "text/jinja/value.h"

#include "text/jinja/error.h"
#include "text/jinja/unicode.h"

namespace axllama::text::jinja {

StringData::StringData(std::string text, Budget* budget)
    : text_(std::move(text)), length_(count_code_points(text_)), budget_(budget) {
  if (budget_ != nullptr) {
    budget_->work(text_.size());
    budget_->allocate(text_.size() + sizeof(StringData));
  }
}

StringData::~StringData() {
  if (budget_ != nullptr) {
    budget_->release(text_.size() + sizeof(StringData));
  }
}

Object::~Object() = default;

Value Value::undefined(UndefinedInfo info) {
  Value value;
  value.data_ = std::make_shared<const UndefinedInfo>(std::move(info));
  return value;
}

void Value::fail_undefined() const {
  const auto* info = std::get_if<UndefinedPtr>(&data_);
  std::string message = "an undefined value is used";
  if (info != nullptr && *info != nullptr) {
    const UndefinedInfo& why = **info;
    if (!why.hint.empty()) {
      message = why.hint;
    } else if (why.owner.empty()) {
      message = "'" + why.name + "' is undefined";
    } else if (why.is_element) {
      message = why.owner + " has no element " + why.name;
    } else {
      message = "'" + why.owner + "' has no attribute '" + why.name + "'";
    }
  }
  throw Failure(ErrorKind::kUndefined, std::move(message));
}

bool Value::same_as(const Value& other) const noexcept {
  if (data_.index() != other.data_.index()) {
    return false;
  }
  if (is_undefined() || is_none()) {
    return true;
  }
  if (is_bool()) {
    return *std::get_if<bool>(&data_) == *std::get_if<bool>(&other.data_);
  }
  if (is_int()) {
    return *std::get_if<std::int64_t>(&data_) == *std::get_if<std::int64_t>(&other.data_);
  }
  if (is_float()) {
    return *std::get_if<double>(&data_) == *std::get_if<double>(&other.data_);
  }
  if (is_string()) {
    return (*std::get_if<StringPtr>(&data_))->text() == (*std::get_if<StringPtr>(&other.data_))->text();
  }
  return *std::get_if<Object*>(&data_) == *std::get_if<Object*>(&other.data_);
}

std::string_view type_name(const Value& value) noexcept {
  if (value.is_undefined()) {
    return "Undefined";
  }
  if (value.is_none()) {
    return "NoneType";
  }
  if (value.is_bool()) {
    return "bool";
  }
  if (value.is_int()) {
    return "int";
  }
  if (value.is_float()) {
    return "float";
  }
  if (value.is_string()) {
    return "str";
  }
  switch (value.object()->kind()) {
    case ObjectKind::kList:
      return "list";
    case ObjectKind::kTuple:
      return "tuple";
    case ObjectKind::kDict:
      return "dict";
    case ObjectKind::kNamespace:
      return "Namespace";
    case ObjectKind::kRange:
      return "range";
    case ObjectKind::kDictView:
      return "dict view";
    case ObjectKind::kIterator:
      return "generator";
    case ObjectKind::kFunction:
      return "function";
    case ObjectKind::kMacro:
      return "Macro";
    case ObjectKind::kLoop:
      return "LoopContext";
    case ObjectKind::kCycler:
      return "Cycler";
    case ObjectKind::kJoiner:
      return "Joiner";
  }
  return "object";
}

std::string owner_name(const Value& value) {
  if (value.is_none()) {
    return "None";
  }
  if (value.is(ObjectKind::kNamespace)) {
    return "jinja2.utils.Namespace object";
  }
  return std::string(type_name(value)) + " object";
}

}  // namespace axllama::text::jinja
