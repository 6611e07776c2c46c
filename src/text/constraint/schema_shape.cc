#include "text/constraint/schema_shape.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "text/constraint/limits.h"
#include "text/constraint/schema_value.h"

namespace axllama::text {
namespace {

using Json = nlohmann::ordered_json;
using Shape = SchemaShape;

/// Keywords that assert what is not supported. Others that are not known say nothing about a value.
constexpr std::array<std::string_view, 9> kUnsupported = {
    "not",          "if",          "contains",          "patternProperties",
    "dependencies", "$dynamicRef", "dependentRequired", "dependentSchemas",
    "$recursiveRef"};

const Json* find(const Json& schema, std::string_view keyword) {
  const auto found = schema.find(keyword);
  return found != schema.end() ? &*found : nullptr;
}

void check_keywords(const SchemaDocument& document, const Json& schema) {
  for (auto entry = schema.begin(); entry != schema.end(); ++entry) {
    const std::string& keyword = entry.key();
    if (std::find(kUnsupported.begin(), kUnsupported.end(), keyword) != kUnsupported.end()) {
      document.refuse(schema, keyword, "is not supported");
    }
    if (keyword == "uniqueItems" && *entry != false) {
      document.refuse(schema, keyword, "is not supported");
    }
    if (keyword == "multipleOf" && *entry != 1) {
      document.refuse(schema, keyword, "is supported for 1 only");
    }
    if ((keyword == "unevaluatedItems" || keyword == "unevaluatedProperties") && !entry->is_boolean()) {
      document.refuse(schema, keyword, "is supported as true or false only");
    }
  }
}

class Flattening {
 public:
  Flattening(const SchemaDocument& document, SchemaConjunction& conjunction)
      : document_(document), conjunction_(conjunction) {}

  void add(const Json& schema) {
    if (schema.is_boolean()) {
      if (schema == false && conjunction_.never == nullptr) conjunction_.never = &schema;
      return;
    }
    if (!schema.is_object()) {
      document_.refuse_value(schema, "must be an object, true or false");
    }
    const bool open = std::find(open_.begin(), open_.end(), &schema) != open_.end();
    for (const SchemaConjunction::Member& member : conjunction_.members) {
      if (member.schema != &schema) continue;
      if (open || member.any_of_chosen || member.one_of_chosen) {
        document_.refuse(schema, "$ref", "leads back to itself without a value in between");
      }
      return;
    }
    check_keywords(document_, schema);
    conjunction_.members.push_back({&schema});
    open_.push_back(&schema);
    if (const Json* reference = find(schema, "$ref")) {
      if (!reference->is_string()) document_.refuse(schema, "$ref", "must be a string");
      add(document_.resolve(schema, *reference));
    }
    if (const Json* all = find(schema, "allOf")) {
      if (!all->is_array() || all->empty()) {
        document_.refuse(schema, "allOf", "must be an array that is not empty");
      }
      for (const Json& part : *all) add(part);
    }
    open_.pop_back();
  }

 private:
  const SchemaDocument& document_;
  SchemaConjunction& conjunction_;
  std::vector<const Json*> open_;
};

/// Reads one schema after the other into a shape.
class Reader {
 public:
  Reader(const SchemaDocument& document, const SchemaConjunction& conjunction)
      : document_(document), conjunction_(conjunction) {}

  Shape run() {
    if (conjunction_.never != nullptr) {
      shape_.exclude("\"" + document_.path(*conjunction_.never) + "\" is false");
    }
    for (const SchemaConjunction::Member& member : conjunction_.members) {
      schema_ = member.schema;
      read_types();
      read_values();
      read_numbers();
      read_strings();
      read_arrays();
      read_objects();
    }
    merge_items();
    merge_properties();
    shape_.valid_types = shape_.types;
    if (!typed_ && !shape_.values && mentioned_ != 0) shape_.types &= mentioned_;
    if (shape_.types == 0) {
      shape_.exclude("the types at \"" + document_.path(*conjunction_.members.back().schema) +
                     "\" exclude each other");
    }
    return std::move(shape_);
  }

 private:
  const Json* keyword(const char* name, std::uint8_t about) {
    const Json* found = find(*schema_, name);
    if (found != nullptr) mentioned_ |= about;
    return found;
  }
  [[noreturn]] void refuse(const char* name, const std::string& why) const {
    document_.refuse(*schema_, name, why);
  }

  std::optional<std::uint32_t> count(const char* name, std::uint8_t about) {
    const Json* value = keyword(name, about);
    if (value == nullptr) return std::nullopt;
    const bool whole = value->is_number() && value->get<double>() >= 0 &&
                       std::floor(value->get<double>()) == value->get<double>();
    if (!whole) refuse(name, "must be a whole number that is not negative");
    if (value->get<double>() > kConstraintLimits.max_repetitions) {
      if (std::string_view(name).starts_with("max")) return Grammar::kUnbounded;
      refuse(name, "is larger than " + std::to_string(kConstraintLimits.max_repetitions));
    }
    return static_cast<std::uint32_t>(value->get<double>());
  }
  void raise(std::uint32_t& least, const char* name, std::uint8_t about) {
    least = std::max(least, count(name, about).value_or(0));
  }
  void lower(std::uint32_t& most, const char* name, std::uint8_t about) {
    most = std::min(most, count(name, about).value_or(Grammar::kUnbounded));
  }

  std::uint8_t type_named(const Json& name) const {
    static const std::map<std::string, std::uint8_t> kTypes = {
        {"null", Shape::kNull},
        {"boolean", Shape::kBoolean},
        {"string", Shape::kString},
        {"array", Shape::kArray},
        {"object", Shape::kObject},
        {"integer", Shape::kInteger},
        {"number", Shape::kInteger | Shape::kFraction}};
    if (!name.is_string()) refuse("type", "must be a string or an array of strings");
    const auto type = kTypes.find(name.get_ref<const std::string&>());
    if (type == kTypes.end()) {
      refuse("type", "names \"" + name.get<std::string>() + "\", which is no type");
    }
    return type->second;
  }

  void read_types() {
    const Json* type = find(*schema_, "type");
    if (type == nullptr) return;
    std::uint8_t types = 0;
    if (type->is_array()) {
      if (type->empty()) refuse("type", "must not be an empty array");
      for (const Json& name : *type) types |= type_named(name);
    } else {
      types = type_named(*type);
    }
    const Json* nullable = find(*schema_, "nullable");
    if (nullable != nullptr && *nullable == true) types |= Shape::kNull;
    shape_.types &= types;
    typed_ = true;
  }

  void read_values() {
    const Json* constant = find(*schema_, "const");
    if (constant != nullptr) keep_values({*constant});
    const Json* values = find(*schema_, "enum");
    if (values == nullptr) return;
    if (!values->is_array() || values->empty()) refuse("enum", "must be an array that is not empty");
    keep_values({values->begin(), values->end()});
  }

  void keep_values(const std::vector<Json>& values) {
    if (!shape_.values) {
      shape_.values = values;
      return;
    }
    std::unordered_set<std::string> keys;
    for (const Json& value : values) keys.insert(value_key(value));
    std::erase_if(*shape_.values, [&](const Json& value) { return !keys.contains(value_key(value)); });
    if (shape_.values->empty()) {
      shape_.exclude("\"enum\" or \"const\" at \"" + document_.path(*schema_) + "\" exclude each other");
    }
  }

  void read_bound(std::vector<NumberBound>& bounds, const char* name, const char* exclusive_name) {
    constexpr std::uint8_t kNumbers = Shape::kInteger | Shape::kFraction;
    const Json* exclusive = keyword(exclusive_name, 0);
    if (const Json* bound = keyword(name, kNumbers)) {
      if (!bound->is_number()) refuse(name, "must be a number");
      // Draft 4 has a switch where later drafts have a bound of its own.
      bounds.push_back({schema_, name, *bound, exclusive != nullptr && *exclusive == true});
    }
    if (exclusive == nullptr || exclusive->is_boolean()) return;
    if (!exclusive->is_number()) refuse(exclusive_name, "must be a number");
    mentioned_ |= kNumbers;
    bounds.push_back({schema_, exclusive_name, *exclusive, true});
  }

  void read_numbers() {
    read_bound(shape_.low, "minimum", "exclusiveMinimum");
    read_bound(shape_.high, "maximum", "exclusiveMaximum");
    if (find(*schema_, "multipleOf") != nullptr) {
      mentioned_ |= Shape::kInteger;
      shape_.types &= static_cast<std::uint8_t>(~Shape::kFraction);
    }
    const Json* format = find(*schema_, "format");
    if (format == nullptr || !format->is_string()) return;
    if (*format == "int32") {
      shape_.low.push_back({schema_, "format", INT32_MIN, false});
      shape_.high.push_back({schema_, "format", INT32_MAX, false});
    }
  }

  void read_strings() {
    if (find(*schema_, "minLength") != nullptr || find(*schema_, "maxLength") != nullptr) {
      shape_.length_schema = schema_;
    }
    raise(shape_.min_length, "minLength", Shape::kString);
    lower(shape_.max_length, "maxLength", Shape::kString);
    read_text("pattern", shape_.pattern_schema);
    const Json* format = find(*schema_, "format");
    static const std::array<std::string_view, 6> kOfNumbers = {"int32",  "int64",    "float",
                                                               "double", "password", "binary"};
    if (format != nullptr && format->is_string() &&
        std::find(kOfNumbers.begin(), kOfNumbers.end(), format->get_ref<const std::string&>()) !=
            kOfNumbers.end()) {
      return;
    }
    read_text("format", shape_.format_schema);
  }

  void read_text(const char* name, const Json*& schema) {
    const Json* text = keyword(name, Shape::kString);
    if (text == nullptr) return;
    if (!text->is_string()) refuse(name, "must be a string");
    if (schema != nullptr && *find(*schema, name) != *text) {
      refuse(name, "comes together with another one, which is not supported");
    }
    schema = schema_;
  }

  struct Items {
    const Json* first = nullptr;  // an array of schemas
    const Json* rest = nullptr;
  };

  void read_arrays() {
    raise(shape_.min_items, "minItems", Shape::kArray);
    lower(shape_.max_items, "maxItems", Shape::kArray);
    Items items{keyword("prefixItems", Shape::kArray), keyword("items", Shape::kArray)};
    if (items.first != nullptr && !items.first->is_array()) refuse("prefixItems", "must be an array");
    if (items.rest != nullptr && items.rest->is_array()) {  // up to 2019-09
      items.first = items.rest;
      items.rest = keyword("additionalItems", Shape::kArray);
    }
    if (items.rest == nullptr) {
      const Json* unevaluated = find(*schema_, "unevaluatedItems");
      if (unevaluated != nullptr && *unevaluated == false) items.rest = unevaluated;
    }
    if (items.first != nullptr || items.rest != nullptr) items_.push_back(items);
  }

  void merge_items() {
    std::size_t first = 0;
    for (const Items& items : items_) first = std::max(first, items.first ? items.first->size() : 0);
    for (std::size_t i = 0; i < first; ++i) {
      SchemaConjunction conjunction;
      for (const Items& items : items_) {
        if (items.first != nullptr && i < items.first->size()) {
          add_to_conjunction(document_, (*items.first)[i], conjunction);
        } else if (items.rest != nullptr) {
          add_to_conjunction(document_, *items.rest, conjunction);
        }
      }
      shape_.first_items.push_back(std::move(conjunction));
    }
    for (const Items& items : items_) {
      if (items.rest == nullptr) continue;
      if (!shape_.items) shape_.items.emplace();
      add_to_conjunction(document_, *items.rest, *shape_.items);
    }
  }

  struct Members {
    std::unordered_map<std::string_view, const Json*> named;
    const Json* additional = nullptr;
  };

  void read_objects() {
    raise(shape_.min_properties, "minProperties", Shape::kObject);
    lower(shape_.max_properties, "maxProperties", Shape::kObject);
    Members members;
    if (const Json* properties = keyword("properties", Shape::kObject)) {
      if (!properties->is_object()) refuse("properties", "must be an object");
      for (auto entry = properties->begin(); entry != properties->end(); ++entry) {
        members.named.emplace(entry.key(), &*entry);
        note_name(entry.key());
      }
    }
    members.additional = keyword("additionalProperties", Shape::kObject);
    if (const Json* required = keyword("required", Shape::kObject)) {
      if (!required->is_array() && !required->is_boolean()) refuse("required", "must be an array of strings");
      for (std::size_t i = 0; required->is_array() && i < required->size(); ++i) {
        if (!(*required)[i].is_string()) refuse("required", "must be an array of strings");
        required_.push_back((*required)[i].get<std::string>());
      }
    }
    if (const Json* names = keyword("propertyNames", Shape::kObject)) {
      if (!shape_.names) shape_.names.emplace();
      add_to_conjunction(document_, *names, *shape_.names);
    }
    members_.push_back(std::move(members));
  }

  void note_name(const std::string& name) {
    if (known_names_.emplace(name, shape_.properties.size()).second) {
      shape_.properties.emplace_back(name, SchemaConjunction());
    }
  }

  void merge_properties() {
    for (const std::string& name : required_) {
      note_name(name);
      if (required_names_.emplace(name, true).second) shape_.required.push_back(name);
    }
    for (auto& [name, conjunction] : shape_.properties) {
      for (const Members& members : members_) {
        const auto named = members.named.find(name);
        if (named != members.named.end()) {
          add_to_conjunction(document_, *named->second, conjunction);
        } else if (members.additional != nullptr) {
          add_to_conjunction(document_, *members.additional, conjunction);
        }
      }
    }
    for (const Members& members : members_) {
      if (members.additional == nullptr) continue;
      if (!shape_.additional) shape_.additional.emplace();
      add_to_conjunction(document_, *members.additional, *shape_.additional);
    }
  }

  const SchemaDocument& document_;
  const SchemaConjunction& conjunction_;
  const Json* schema_ = nullptr;
  Shape shape_;
  bool typed_ = false;
  std::uint8_t mentioned_ = 0;  // types that a keyword is about
  std::vector<Items> items_;
  std::vector<Members> members_;
  std::vector<std::string> required_;
  std::unordered_map<std::string, std::size_t> known_names_;
  std::unordered_map<std::string, bool> required_names_;
};

}  // namespace

void add_to_conjunction(const SchemaDocument& document, const Json& schema, SchemaConjunction& conjunction) {
  Flattening(document, conjunction).add(schema);
}

std::optional<SchemaAlternatives> alternatives_of(const SchemaDocument& document,
                                                  const SchemaConjunction& conjunction) {
  using Member = SchemaConjunction::Member;
  struct Keyword {
    const char* name;
    bool Member::* chosen;
  };
  for (std::size_t i = 0; i < conjunction.members.size(); ++i) {
    const Json& schema = *conjunction.members[i].schema;
    for (const Keyword keyword :
         {Keyword{"anyOf", &Member::any_of_chosen}, Keyword{"oneOf", &Member::one_of_chosen}}) {
      const Json* branches = find(schema, keyword.name);
      if (branches == nullptr || conjunction.members[i].*keyword.chosen) continue;
      if (!branches->is_array() || branches->empty()) {
        document.refuse(schema, keyword.name, "must be an array that is not empty");
      }
      SchemaAlternatives alternatives{&schema, keyword.name, {}};
      for (const Json& branch : *branches) {
        SchemaConjunction& with = alternatives.conjunctions.emplace_back(conjunction);
        with.members[i].*keyword.chosen = true;
        add_to_conjunction(document, branch, with);
      }
      return alternatives;
    }
  }
  return std::nullopt;
}

SchemaShape shape_of(const SchemaDocument& document, const SchemaConjunction& conjunction) {
  return Reader(document, conjunction).run();
}

}  // namespace axllama::text
