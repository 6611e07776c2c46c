#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace axllama::text::gotemplate {

using Json = nlohmann::ordered_json;

/// A value of a template: JSON data, either part of the data being rendered (which must outlive it) or owned.
/// Objects print as JSON text, as the types do that such templates are written for; lists print as Go prints
/// slices unless `as_json` says otherwise.
class Value {
 public:
  Value() = default;  // nothing: a missing member
  explicit Value(const Json* part_of_data) : json_(part_of_data) {}
  static Value own(Json json) {
    Value value;
    value.owned_ = std::make_shared<const Json>(std::move(json));
    value.json_ = value.owned_.get();
    return value;
  }
  /// A part of this value, kept alive by it.
  Value part(const Json& inner) const {
    Value value(&inner);
    value.owned_ = owned_;
    return value;
  }

  bool is_missing() const noexcept { return json_ == nullptr; }
  bool is_null() const noexcept { return json_ == nullptr || json_->is_null(); }
  bool is_string() const noexcept { return json_ != nullptr && json_->is_string(); }
  bool is_list() const noexcept { return json_ != nullptr && json_->is_array(); }
  bool is_map() const noexcept { return json_ != nullptr && json_->is_object(); }
  bool is_bool() const noexcept { return json_ != nullptr && json_->is_boolean(); }
  bool is_integer() const noexcept { return json_ != nullptr && json_->is_number_integer(); }
  bool is_float() const noexcept { return json_ != nullptr && json_->is_number_float(); }

  /// Null for a missing value.
  const Json& json() const noexcept;
  const std::string& text() const { return json_->get_ref<const std::string&>(); }
  std::int64_t integer() const { return json_->get<std::int64_t>(); }

  bool as_json = false;

 private:
  const Json* json_ = nullptr;
  std::shared_ptr<const Json> owned_;
};

/// Whether `if` takes the value: not false, zero, empty or nil.
bool is_true(const Value& value);
/// "string", "int", "list", ... for complaints.
std::string_view type_name(const Value& value);

}  // namespace axllama::text::gotemplate
