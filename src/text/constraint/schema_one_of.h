#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "text/constraint/schema_cases.h"
#include "text/constraint/schema_document.h"
#include "text/constraint/schema_exclusion.h"
#include "text/constraint/schema_shape.h"

namespace axllama::text {

/// The alternatives of `oneOf` so that what is written for one is not valid against another.
class SchemaOneOf {
 public:
  /// `document` must outlive this.
  explicit SchemaOneOf(const SchemaDocument& document)
      : document_(document), cases_(document), exclusion_(cases_) {}

  /// The alternatives as they are where they exclude each other. Otherwise values that two of them name are
  /// left out, a property that tells them apart is required, or what one requires is left out of the other.
  /// The conjunctions stay good as long as this. Throws Error (kInvalidArgument) that names two alternatives
  /// which cannot be kept apart.
  std::vector<SchemaConjunction> exclusive(const SchemaAlternatives& alternatives);

 private:
  class Neighbours;

  std::optional<std::vector<SchemaConjunction>> without(const SchemaConjunction& written,
                                                        const SchemaConjunction& other);
  std::optional<std::string> optional_tag(const SchemaCase& written, const SchemaCase& other);
  SchemaConjunction with(SchemaConjunction conjunction, nlohmann::ordered_json schema);
  [[noreturn]] void refuse(const SchemaAlternatives& alternatives, std::size_t written,
                           std::size_t other) const;

  const SchemaDocument& document_;
  SchemaCases cases_;
  SchemaExclusion exclusion_;
  std::map<std::string, nlohmann::ordered_json> made_;  // subschemas that are not in the document
};

}  // namespace axllama::text
