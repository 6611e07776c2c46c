#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "text/constraint/limits.h"
#include "text/constraint/pattern_texts.h"
#include "text/constraint/schema_document.h"
#include "text/constraint/schema_shape.h"
#include "text/constraint/string_formats.h"

namespace axllama::text {

/// A shape without alternatives, with what comparisons look up again and again.
struct SchemaCase {
  SchemaShape shape;
  /// Alternatives remain that were too many to follow: values satisfy the shape, but may have parts of which
  /// it does not speak.
  bool partial = false;
  /// It has `unevaluatedItems`, so that arrays may be valid that the shape does not allow.
  bool loose_items = false;
  std::unordered_set<std::string> value_keys;  // of the shape's values
  struct Property {
    const SchemaConjunction* conjunction;
    mutable std::optional<std::uint32_t> id;  // of the conjunction, once it was asked for
  };
  std::unordered_map<std::string, Property> properties;
  std::unordered_set<std::string> required;
  /// Of strings, in characters.
  std::uint64_t min_length = 0;
  std::uint64_t max_length = Grammar::kUnbounded;
  FormatFacts format;
  std::optional<PatternTexts> pattern;

  /// The types of what is written.
  std::uint8_t written_types() const { return partial ? shape.valid_types : shape.types; }
};

/// The cases of subschemas, each looked at once, and the work that comparing them may take.
class SchemaCases {
 public:
  using Id = std::uint32_t;

  /// `document` must outlive this.
  explicit SchemaCases(const SchemaDocument& document) : document_(document) {}

  /// The same for equal conjunctions.
  Id id_of(const SchemaConjunction& conjunction);
  /// What satisfies the conjunction satisfies one of its cases. The reference stays good.
  const std::vector<SchemaCase>& of(Id id);
  /// False once more was asked for than ConstraintLimits allow.
  bool spend(std::size_t steps);
  bool exhausted() const noexcept { return spent_ > kConstraintLimits.max_comparisons; }
  /// The steps that a look at a text of so many bytes counts for.
  static std::size_t step_of_text(std::size_t bytes) { return 1 + bytes / 32; }

 private:
  struct Entry {
    SchemaConjunction conjunction;
    std::vector<SchemaCase> cases;  // empty: not looked at yet
  };

  std::vector<SchemaConjunction> leaves(const SchemaConjunction& conjunction);
  SchemaCase case_of(const SchemaConjunction& conjunction, bool partial);
  void note_strings(SchemaCase& made);

  const SchemaDocument& document_;
  std::map<SchemaConjunction, Id> ids_;
  std::deque<Entry> entries_;
  std::size_t spent_ = 0;
};

}  // namespace axllama::text
