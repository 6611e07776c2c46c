#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "text/constraint/schema_cases.h"

namespace axllama::text {

/// Whether subschemas exclude each other. What is written for one is compared with what is valid against the
/// other, which is more: objects may have properties that a schema does not name, but are not written with
/// them. Formats are taken for assertions. Says yes only where it is certain, and no once ConstraintLimits'
/// comparisons are used up.
class SchemaExclusion {
 public:
  using Id = SchemaCases::Id;

  /// `cases` must outlive this.
  explicit SchemaExclusion(SchemaCases& cases) : cases_(cases) {}

  /// Whether no text that is written for `written` is valid against `other`.
  bool excludes(const SchemaConjunction& written, const SchemaConjunction& other);
  /// Whether `value` is not valid against `other`.
  bool excludes_value(const nlohmann::ordered_json& value, const SchemaConjunction& other);

 private:
  enum class Side : std::uint8_t { kWritten, kValid };

  bool excludes(Id written, Id other);
  bool cases_exclude(const SchemaCase& written, const SchemaCase& other);
  bool values_exclude(const SchemaCase& written, const SchemaCase& other);
  bool arrays_exclude(const SchemaCase& written, const SchemaCase& other);
  bool objects_exclude(const SchemaCase& written, const SchemaCase& other);

  bool may_be(const nlohmann::ordered_json& value, Id id, Side side);
  bool may_be(const nlohmann::ordered_json& value, const SchemaCase& of, Side side);
  bool may_be_string(const std::string& text, const SchemaCase& of);
  bool may_be_array(const nlohmann::ordered_json& value, const SchemaCase& of, Side side);
  bool may_be_object(const nlohmann::ordered_json& value, const SchemaCase& of, Side side);

  /// What holds for the item or the property; nothing where there can be none.
  std::optional<Id> item(const SchemaCase& of, std::size_t index, Side side);
  std::optional<Id> property(const SchemaCase& of, const std::string& name, Side side);

  SchemaCases& cases_;
  std::unordered_map<std::uint64_t, bool> known_;  // of pairs; false also while one is being found out
  int depth_ = 0;
};

}  // namespace axllama::text
