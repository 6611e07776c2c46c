#include "text/constraint/schema_cases.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "text/constraint/limits.h"
#include "text/constraint/schema_value.h"

namespace axllama::text {
SchemaCases::Id SchemaCases::id_of(const SchemaConjunction& conjunction) {
  const auto [known, added] = ids_.try_emplace(conjunction, static_cast<Id>(entries_.size()));
  if (added) entries_.push_back({conjunction, {}});
  return known->second;
}

const std::vector<SchemaCase>& SchemaCases::of(Id id) {
  Entry& entry = entries_[id];
  if (entry.cases.empty()) {
    const std::vector<SchemaConjunction> found = leaves(entry.conjunction);
    entry.cases.reserve(std::max<std::size_t>(found.size(), 1));
    for (const SchemaConjunction& leaf : found) entry.cases.push_back(case_of(leaf, false));
    if (found.empty()) entry.cases.push_back(case_of(entry.conjunction, true));
  }
  return entry.cases;
}

bool SchemaCases::spend(std::size_t steps) {
  spent_ = std::min(spent_ + steps, kConstraintLimits.max_comparisons + 1);
  return spent_ <= kConstraintLimits.max_comparisons;
}

/// Conjunctions in which every alternative is chosen; none where they are too many.
std::vector<SchemaConjunction> SchemaCases::leaves(const SchemaConjunction& conjunction) {
  std::vector<SchemaConjunction> found;
  std::vector<SchemaConjunction> work{conjunction};
  while (!work.empty()) {
    const SchemaConjunction next = std::move(work.back());
    work.pop_back();
    auto alternatives = spend(1) ? alternatives_of(document_, next) : std::nullopt;
    if (!spend(alternatives ? alternatives->conjunctions.size() : 0)) return {};
    if (!alternatives) {
      found.push_back(next);
    } else {
      for (SchemaConjunction& with : alternatives->conjunctions) work.push_back(std::move(with));
    }
    if (found.size() + work.size() > kConstraintLimits.max_schema_cases) return {};
  }
  return found;
}

SchemaCase SchemaCases::case_of(const SchemaConjunction& conjunction, bool partial) {
  SchemaCase made;
  made.shape = shape_of(document_, conjunction);
  made.partial = partial;
  made.loose_items = std::ranges::any_of(conjunction.members, [](const SchemaConjunction::Member& member) {
    return member.schema->contains("unevaluatedItems");
  });
  spend(1 + made.shape.properties.size() * conjunction.members.size());
  if (made.shape.values) {
    for (const auto& value : *made.shape.values) {
      spend(step_of_text(made.value_keys.insert(value_key(value)).first->size()));
    }
  }
  for (const auto& [name, property] : made.shape.properties) {
    made.properties.emplace(name, SchemaCase::Property{&property, std::nullopt});
  }
  made.required.insert(made.shape.required.begin(), made.shape.required.end());
  note_strings(made);
  return made;
}

void SchemaCases::note_strings(SchemaCase& made) {
  const SchemaShape& shape = made.shape;
  if (shape.format_schema != nullptr) {
    made.format = facts_of_format(shape.format_schema->at("format").get_ref<const std::string&>());
  }
  made.min_length = std::max(shape.min_length, made.format.min_length);
  made.max_length = std::min(shape.max_length, made.format.max_length);
  if (shape.pattern_schema == nullptr) return;
  const std::string& pattern = shape.pattern_schema->at("pattern").get_ref<const std::string&>();
  if (!spend(pattern.size())) return;
  try {
    made.pattern.emplace(pattern, false);
  } catch (const base::Error&) {
    return;  // it is refused with its place where it becomes a part of the grammar
  }
  made.min_length = std::max(made.min_length, made.pattern->lengths().min);
  made.max_length = std::min(made.max_length, made.pattern->lengths().max);
}

}  // namespace axllama::text
