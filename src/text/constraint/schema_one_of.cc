#include "text/constraint/schema_one_of.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "text/constraint/limits.h"

namespace axllama::text {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kTriedTags = 8;  // properties of the first alternative

/// The only case of a conjunction; null where it has several.
const SchemaCase* only_case(SchemaCases& cases, const SchemaConjunction& conjunction) {
  const auto& all = cases.of(cases.id_of(conjunction));
  return all.size() == 1 && !all.front().partial ? all.data() : nullptr;
}

}  // namespace

/// Which alternatives are worth a comparison: those that name the same value, or the same value of a property
/// that each of them requires, as unions have it, and those that name none. Without it, a union of a thousand
/// objects would need a million comparisons.
class SchemaOneOf::Neighbours {
 public:
  Neighbours(SchemaCases& cases, const std::vector<SchemaConjunction>& alternatives)
      : cases_(cases), alternatives_(alternatives) {
    choose_tags();
    for (std::size_t i = 0; i < tags_.size(); ++i) {
      if (tags_[i] == nullptr) {
        untagged_.push_back(i);
      } else {
        for (const std::string& key : *tags_[i]) tagged_[key].push_back(i);
      }
    }
  }

  std::vector<std::size_t> of(std::size_t index) const {
    std::vector<std::size_t> others;
    if (tags_[index] == nullptr) {
      others.resize(tags_.size());
      std::iota(others.begin(), others.end(), 0);
    } else {
      others = untagged_;
      for (const std::string& key : *tags_[index]) {
        const auto& same = tagged_.at(key);
        others.insert(others.end(), same.begin(), same.end());
      }
    }
    std::ranges::sort(others);
    others.erase(std::unique(others.begin(), others.end()), others.end());
    std::erase(others, index);
    return others;
  }

 private:
  using Tags = std::vector<const std::unordered_set<std::string>*>;  // the keys of values, by alternative

  void choose_tags() {
    tags_ = tags_by([](const SchemaCase& of) { return of.shape.values ? &of.value_keys : nullptr; });
    const SchemaCase* first = only_case(cases_, alternatives_.front());
    if (first == nullptr) return;
    for (std::size_t i = 0; i < std::min(first->shape.required.size(), kTriedTags); ++i) {
      const std::string& name = first->shape.required[i];
      const auto number = [](const Tags& tags) { return std::ranges::count(tags, nullptr); };
      Tags by_property = tags_by([&](const SchemaCase& of) { return values_of_property(of, name); });
      if (number(by_property) < number(tags_)) tags_ = std::move(by_property);
    }
  }

  template <typename Keys>
  Tags tags_by(Keys keys) {
    Tags tags;
    for (const SchemaConjunction& alternative : alternatives_) {
      const SchemaCase* only = only_case(cases_, alternative);
      tags.push_back(only != nullptr ? keys(*only) : nullptr);
    }
    return tags;
  }

  /// Of objects that always have the property.
  const std::unordered_set<std::string>* values_of_property(const SchemaCase& of, const std::string& name) {
    if (of.shape.values || of.written_types() != SchemaShape::kObject || !of.required.contains(name)) {
      return nullptr;
    }
    const SchemaCase* property = only_case(cases_, *of.properties.at(name).conjunction);
    return property != nullptr && property->shape.values ? &property->value_keys : nullptr;
  }

  SchemaCases& cases_;
  const std::vector<SchemaConjunction>& alternatives_;
  Tags tags_;
  std::vector<std::size_t> untagged_;
  std::unordered_map<std::string, std::vector<std::size_t>> tagged_;
};

std::vector<SchemaConjunction> SchemaOneOf::exclusive(const SchemaAlternatives& alternatives) {
  const auto& conjunctions = alternatives.conjunctions;
  if (conjunctions.size() == 1) return conjunctions;
  const Neighbours neighbours(cases_, conjunctions);
  std::vector<SchemaConjunction> exclusive;
  for (std::size_t i = 0; i < conjunctions.size(); ++i) {
    std::vector<SchemaConjunction> parts{conjunctions[i]};
    for (const std::size_t j : neighbours.of(i)) {
      std::vector<SchemaConjunction> kept;
      for (const SchemaConjunction& part : parts) {
        auto rest = without(part, conjunctions[j]);
        if (!rest || kept.size() + rest->size() > kConstraintLimits.max_schema_cases) {
          refuse(alternatives, i, j);
        }
        for (SchemaConjunction& each : *rest) kept.push_back(std::move(each));
      }
      parts = std::move(kept);
    }
    for (SchemaConjunction& part : parts) exclusive.push_back(std::move(part));
  }
  return exclusive;
}

/// Nothing where it is not known what of `written` is not valid against `other`.
std::optional<std::vector<SchemaConjunction>> SchemaOneOf::without(const SchemaConjunction& written,
                                                                   const SchemaConjunction& other) {
  if (exclusion_.excludes(written, other)) return std::vector{written};
  const SchemaCase* one = only_case(cases_, written);
  const SchemaCase* two = only_case(cases_, other);
  if (one == nullptr || two == nullptr) return std::nullopt;
  std::vector<SchemaConjunction> rest;
  if (one->shape.values && two->shape.values) {
    Json values = Json::array();
    for (const Json& value : *one->shape.values) {
      if (exclusion_.excludes_value(value, other)) values.push_back(value);
    }
    if (!values.empty()) rest.push_back(with(written, {{"enum", std::move(values)}}));
  } else if (one->written_types() == SchemaShape::kObject && !one->shape.values) {
    if (const auto tag = optional_tag(*one, *two)) {
      rest.push_back(with(written, {{"required", {*tag}}}));
    } else {
      for (const std::string& name : two->shape.required) {
        if (one->required.contains(name)) continue;
        rest.push_back(with(written, {{"properties", {{name, false}}}}));
      }
    }
    if (rest.empty()) return std::nullopt;
  } else {
    return std::nullopt;
  }
  const bool done = std::ranges::all_of(
      rest, [&](const SchemaConjunction& part) { return exclusion_.excludes(part, other); });
  return done && !cases_.exhausted() ? std::optional(std::move(rest)) : std::nullopt;
}

/// A property whose values in `written` the other does not allow, so that it has to be there.
std::optional<std::string> SchemaOneOf::optional_tag(const SchemaCase& written, const SchemaCase& other) {
  for (const auto& [name, property] : written.shape.properties) {
    const auto named = other.properties.find(name);
    if (written.required.contains(name) || named == other.properties.end()) continue;
    const SchemaCase* only = only_case(cases_, property);
    if (only == nullptr || only->shape.never || !only->shape.values) continue;
    if (exclusion_.excludes(property, *named->second.conjunction)) return name;
  }
  return std::nullopt;
}

SchemaConjunction SchemaOneOf::with(SchemaConjunction conjunction, Json schema) {
  std::string text = schema.dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto [known, added] = made_.try_emplace(std::move(text), std::move(schema));
  add_to_conjunction(document_, known->second, conjunction);
  return conjunction;
}

void SchemaOneOf::refuse(const SchemaAlternatives& alternatives, std::size_t written,
                         std::size_t other) const {
  const Json& branches = alternatives.schema->at(alternatives.keyword);
  if (cases_.exhausted()) {
    document_.refuse(*alternatives.schema, alternatives.keyword,
                     "has more alternatives, or larger ones, than can be compared with each other");
  }
  document_.refuse(*alternatives.schema, alternatives.keyword,
                   "has alternatives that do not exclude each other: a value of \"" +
                       document_.path(branches[written]) + "\" may satisfy \"" +
                       document_.path(branches[other]) +
                       "\" too; tell them apart by type or by a required property with a \"const\", or use "
                       "\"anyOf\"");
}

}  // namespace axllama::text
