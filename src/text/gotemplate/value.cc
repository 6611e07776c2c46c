#include "text/gotemplate/value.h"

namespace axllama::text::gotemplate {

const Json& Value::json() const noexcept {
  static const Json kNull;
  return json_ == nullptr ? kNull : *json_;
}

bool is_true(const Value& value) {
  const Json& json = value.json();
  switch (json.type()) {
    case Json::value_t::boolean:
      return json.get<bool>();
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return json.get<std::int64_t>() != 0;
    case Json::value_t::number_float:
      return json.get<double>() != 0.0;
    case Json::value_t::string:
      return !json.get_ref<const std::string&>().empty();
    case Json::value_t::array:
    case Json::value_t::object:
      return !json.empty();
    default:
      return false;
  }
}

std::string_view type_name(const Value& value) {
  switch (value.json().type()) {
    case Json::value_t::boolean:
      return "bool";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return "int";
    case Json::value_t::number_float:
      return "float";
    case Json::value_t::string:
      return "string";
    case Json::value_t::array:
      return "list";
    case Json::value_t::object:
      return "map";
    default:
      return "nil";
  }
}

}  // namespace axllama::text::gotemplate
