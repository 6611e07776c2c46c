#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include <nlohmann/json.hpp>

namespace axllama::text {

/// A JSON Schema and where each of its values stands. Throws Error (kInvalidArgument) for one that is larger
/// or nested deeper than ConstraintLimits allow.
class SchemaDocument {
 public:
  using Json = nlohmann::ordered_json;

  /// `root` must outlive this.
  explicit SchemaDocument(const Json& root);

  const Json& root() const noexcept { return root_; }
  /// "#/properties/age": a JSON pointer as a URI fragment.
  std::string path(const Json& value) const;
  /// What a `$ref` of `schema` refers to: a JSON pointer, an `$anchor` or the `$id` of a subschema.
  const Json& resolve(const Json& schema, const std::string& reference) const;

  /// Throws Error (kInvalidArgument): "The schema's keyword "minimum" at "#/properties/age" <why>."
  [[noreturn]] void refuse(const Json& schema, std::string_view keyword, const std::string& why) const;
  /// "The schema at "#/properties/age" <why>."
  [[noreturn]] void refuse_value(const Json& schema, const std::string& why) const;

 private:
  struct Place {
    const Json* parent = nullptr;
    std::string_view key;   // in an object
    std::size_t index = 0;  // in an array
  };

  void note_names(const Json& value);
  const Json* find(std::string_view pointer) const;

  const Json& root_;
  std::unordered_map<const Json*, Place> places_;
  std::unordered_map<std::string_view, const Json*> named_;  // by `$id`, and by "#" and `$anchor`
};

}  // namespace axllama::text
