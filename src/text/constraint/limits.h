#pragma once

#include <cstddef>
#include <cstdint>

namespace axllama::text {

/// What one constraint may use. Schemas and grammars come with requests and are not trusted: what goes beyond
/// a limit is refused with a sentence that names it, or, where only generation can tell, is not offered.
struct ConstraintLimits {
  // The source, when it is compiled.
  std::size_t max_source_bytes = std::size_t{1} << 20U;  // of a schema, grammar, pattern or list
  int max_nesting = 128;                       // of a schema's objects, or of groups in a grammar or pattern
  std::uint32_t max_repetitions = 1 << 30;     // a count in a schema, grammar or pattern
  std::size_t max_schema_values = 100'000;     // JSON values in a schema
  std::size_t max_schema_shapes = 10'000;      // different combinations of subschemas
  std::size_t max_schema_cases = 256;          // of one subschema, when alternatives are compared
  std::size_t max_comparisons = 100'000;       // of such cases and their values, in one schema
  std::size_t max_counted_properties = 4'000;  // properties × maxProperties
  std::size_t max_grammar_nodes = 400'000;
  std::size_t max_states = 250'000;

  // One state of one answer.
  std::size_t max_items = 2'000;            // ways to read the answer so far
  std::size_t max_closure = 20'000;         // steps from one byte to the next
  std::uint64_t max_mask_work = 6'000'000;  // items moved over bytes for one mask

  // What a constraint remembers; beyond these it forgets and computes again.
  std::size_t max_machine_bytes = std::size_t{8} << 20U;
  std::size_t max_mask_bytes = std::size_t{4} << 20U;

  // What a process remembers.
  std::size_t max_compiled = 32;  // constraints, by their source
  std::size_t max_slices = 8;     // character sets per vocabulary
};

inline constexpr ConstraintLimits kConstraintLimits{};

/// Bounds of what is generated where a schema sets none, so that an answer cannot go on for ever within a
/// number or between two values.
struct JsonStyle {
  std::uint32_t max_newlines = 2;         // in one run of white space
  std::uint32_t max_indentation = 32;     // blanks or tabs after them
  std::uint32_t max_integer_digits = 16;  // below 2^53, roughly
  std::uint32_t max_fraction_digits = 16;
  std::uint32_t max_exponent_digits = 2;
};

inline constexpr JsonStyle kJsonStyle{};

}  // namespace axllama::text
