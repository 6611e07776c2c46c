#include "text/constraint/schema_exclusion.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/utf8.h"
#include "text/constraint/schema_array.h"
#include "text/constraint/schema_object.h"
#include "text/constraint/schema_scalars.h"
#include "text/constraint/schema_value.h"

namespace axllama::text {
namespace {

using Json = nlohmann::ordered_json;
using Shape = SchemaShape;

constexpr int kDeepestComparison = 24;       // values within values
constexpr std::uint32_t kComparedItems = 8;  // at the beginning of arrays

bool strings_exclude(const SchemaCase& a, const SchemaCase& b) {
  return std::max(a.min_length, b.min_length) > std::min(a.max_length, b.max_length) ||
         a.format.exclude(b.format);
}

/// The numbers that satisfy all bounds; doubles stand for larger integers.
struct NumberRange {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool without_low = false;
  bool without_high = false;

  void keep(const Shape& shape) {
    for (const NumberBound& bound : shape.low) {
      const double value = bound.value.get<double>();
      without_low = value == low  ? without_low || bound.exclusive
                    : value > low ? bound.exclusive
                                  : without_low;
      low = std::max(low, value);
    }
    for (const NumberBound& bound : shape.high) {
      const double value = bound.value.get<double>();
      without_high = value == high  ? without_high || bound.exclusive
                     : value < high ? bound.exclusive
                                    : without_high;
      high = std::min(high, value);
    }
  }
  bool has_no_number() const {
    constexpr double kInexact = 9'007'199'254'740'992.0;  // 2^53, where doubles begin to skip integers
    return low > high || (low == high && std::fabs(low) < kInexact && (without_low || without_high));
  }
  bool has_no_integer() const {
    const double first = std::ceil(low) + (without_low && std::ceil(low) == low ? 1 : 0);
    const double last = std::floor(high) - (without_high && std::floor(high) == high ? 1 : 0);
    return first > last;
  }
};

bool numbers_exclude(const Shape& a, const Shape& b, bool fractions) {
  NumberRange range;
  range.keep(a);
  range.keep(b);
  return fractions ? range.has_no_number() : range.has_no_integer();
}

struct Counts {
  std::uint32_t least = 0;
  std::uint32_t most = Grammar::kUnbounded;

  bool excludes(const Counts& other) const { return least > other.most || other.least > most; }
};

Counts valid_items(const Shape& shape) {
  Counts counts{shape.min_items, shape.max_items};
  for (std::uint32_t i = 0; i < shape.first_items.size(); ++i) {
    if (shape.first_items[i].never != nullptr) counts.most = std::min(counts.most, i);
  }
  if (shape.items && shape.items->never != nullptr) {
    counts.most = std::min(counts.most, static_cast<std::uint32_t>(shape.first_items.size()));
  }
  return counts;
}

}  // namespace

bool SchemaExclusion::excludes(const SchemaConjunction& written, const SchemaConjunction& other) {
  return excludes(cases_.id_of(written), cases_.id_of(other));
}

bool SchemaExclusion::excludes_value(const Json& value, const SchemaConjunction& other) {
  return !may_be(value, cases_.id_of(other), Side::kValid);
}

bool SchemaExclusion::excludes(Id written, Id other) {
  const std::uint64_t pair = (std::uint64_t{written} << 32U) | other;
  const auto [known, added] = known_.try_emplace(pair, false);
  if (!added) return known->second;
  if (depth_ >= kDeepestComparison) return false;
  ++depth_;
  const auto& others = cases_.of(other);
  const bool excluded = std::ranges::all_of(cases_.of(written), [&](const SchemaCase& one) {
    return std::ranges::all_of(others, [&](const SchemaCase& two) { return cases_exclude(one, two); });
  });
  --depth_;
  return known_[pair] = excluded;
}

bool SchemaExclusion::cases_exclude(const SchemaCase& written, const SchemaCase& other) {
  if (!cases_.spend(1)) return false;
  if (written.shape.never || other.shape.never) return true;
  if (written.shape.values || other.shape.values) return values_exclude(written, other);
  const unsigned common = written.written_types() & other.shape.valid_types;
  if ((common & (Shape::kNull | Shape::kBoolean)) != 0) return false;
  if ((common & Shape::kString) != 0 && !strings_exclude(written, other)) return false;
  if ((common & (Shape::kInteger | Shape::kFraction)) != 0 &&
      !numbers_exclude(written.shape, other.shape, (common & Shape::kFraction) != 0)) {
    return false;
  }
  if ((common & Shape::kArray) != 0 && !arrays_exclude(written, other)) return false;
  return (common & Shape::kObject) == 0 || objects_exclude(written, other);
}

bool SchemaExclusion::values_exclude(const SchemaCase& written, const SchemaCase& other) {
  const auto& values = written.shape.values ? *written.shape.values : *other.shape.values;
  return std::ranges::none_of(values, [&](const Json& value) {
    return may_be(value, other, Side::kValid) && may_be(value, written, Side::kWritten);
  });
}

bool SchemaExclusion::arrays_exclude(const SchemaCase& written, const SchemaCase& other) {
  if (other.loose_items) return false;
  Counts counts = valid_items(written.shape);
  if (!written.partial) {
    const WrittenItems items = written_items(written.shape);
    counts = {items.least, items.most};
    if (counts.least > counts.most) return true;
  }
  const Counts valid = valid_items(other.shape);
  if (counts.excludes(valid)) return true;
  const std::uint32_t certain = std::min(std::max(counts.least, valid.least), kComparedItems);
  for (std::uint32_t i = 0; i < certain; ++i) {
    const auto one = item(written, i, Side::kWritten);
    const auto two = item(other, i, Side::kValid);
    if (!one || !two || excludes(*one, *two)) return true;
  }
  return false;
}

bool SchemaExclusion::objects_exclude(const SchemaCase& written, const SchemaCase& other) {
  const Shape& shape = written.shape;
  const bool open = written.partial || writes_further_properties(shape);
  Counts counts{std::max(shape.min_properties, static_cast<std::uint32_t>(shape.required.size())),
                shape.max_properties};
  if (!open) counts.most = std::min(counts.most, static_cast<std::uint32_t>(shape.properties.size()));
  if (counts.excludes({other.shape.min_properties, other.shape.max_properties})) return true;

  struct Pair {
    Id one;
    Id two;
  };
  std::vector<Pair>
      pairs;  // of properties that an object has if it is written for one and valid for the other
  const auto impossible = [&](const std::string& name) {
    const auto one = property(written, name, Side::kWritten);
    const auto two = property(other, name, Side::kValid);
    if (!one || !two) return true;
    pairs.push_back({*one, *two});
    return false;
  };
  constexpr std::size_t kNamesOfStep = 4;
  if (!cases_.spend((shape.required.size() + other.shape.required.size()) / kNamesOfStep)) return false;
  if (std::ranges::any_of(shape.required, impossible)) return true;
  if (std::ranges::any_of(other.shape.required, [&](const std::string& name) {
        return !written.required.contains(name) && impossible(name);
      })) {
    return true;
  }
  // Enumerations first: they are what unions are told apart by, and soon compared.
  const auto has_values = [&](const Pair& pair) {
    const auto& cases = cases_.of(pair.one);
    return cases.size() == 1 && cases.front().shape.values.has_value();
  };
  const auto excluded = [&](const Pair& pair) { return excludes(pair.one, pair.two); };
  const auto rest = std::ranges::partition(pairs, has_values);
  return std::any_of(pairs.begin(), rest.begin(), excluded) || std::ranges::any_of(rest, excluded);
}

bool SchemaExclusion::may_be(const Json& value, Id id, Side side) {
  return std::ranges::any_of(cases_.of(id), [&](const SchemaCase& of) { return may_be(value, of, side); });
}

bool SchemaExclusion::may_be(const Json& value, const SchemaCase& of, Side side) {
  if (!cases_.spend(1)) return true;
  const Shape& shape = of.shape;
  const std::uint8_t types = side == Side::kWritten ? of.written_types() : shape.valid_types;
  if (shape.never || (type_of_value(value) & types) == 0) return false;
  if (shape.values) {
    const std::string key = value_key(value);
    if (!cases_.spend(SchemaCases::step_of_text(key.size()))) return true;
    if (!of.value_keys.contains(key)) return false;
  }
  if (value.is_string()) return may_be_string(value.get_ref<const std::string&>(), of);
  if (value.is_number()) return within_bounds(shape, value.get<double>());
  if (value.is_array()) return may_be_array(value, of, side);
  return !value.is_object() || may_be_object(value, of, side);
}

bool SchemaExclusion::may_be_string(const std::string& text, const SchemaCase& of) {
  constexpr std::size_t kPatternSteps = 100;
  if (!cases_.spend(SchemaCases::step_of_text(text.size()) + (of.pattern ? kPatternSteps : 0))) return true;
  const std::size_t length = base::utf8_length(text);
  if (length < of.min_length || length > of.max_length || of.format.exclude(text)) return false;
  return !of.pattern || of.pattern->contains(text).value_or(true);
}

bool SchemaExclusion::may_be_array(const Json& value, const SchemaCase& of, Side side) {
  if (of.loose_items) return true;
  const Counts counts = valid_items(of.shape);
  if (value.size() < counts.least || value.size() > counts.most) return false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto id = item(of, i, side);
    if (!id || !may_be(value[i], *id, side)) return false;
  }
  return true;
}

bool SchemaExclusion::may_be_object(const Json& value, const SchemaCase& of, Side side) {
  const Shape& shape = of.shape;
  if (value.size() < shape.min_properties || value.size() > shape.max_properties) return false;
  if (!std::ranges::all_of(shape.required, [&](const std::string& name) { return value.contains(name); })) {
    return false;
  }
  for (auto entry = value.begin(); entry != value.end(); ++entry) {
    const auto id = property(of, entry.key(), side);
    if (!id || !may_be(entry.value(), *id, side)) return false;
  }
  return true;
}

std::optional<SchemaExclusion::Id> SchemaExclusion::item(const SchemaCase& of, std::size_t index, Side side) {
  const Shape& shape = of.shape;
  const SchemaConjunction any;
  const bool first = index < shape.first_items.size();
  if (!first && !shape.items && side == Side::kWritten && !of.partial && !shape.first_items.empty()) {
    return std::nullopt;
  }
  const SchemaConjunction& found = first ? shape.first_items[index] : shape.items ? *shape.items : any;
  if (found.never != nullptr) return std::nullopt;
  return cases_.id_of(found);
}

std::optional<SchemaExclusion::Id> SchemaExclusion::property(const SchemaCase& of, const std::string& name,
                                                             Side side) {
  const auto named = of.properties.find(name);
  if (named != of.properties.end()) {
    const SchemaCase::Property& found = named->second;
    if (found.conjunction->never != nullptr) return std::nullopt;
    if (!found.id) found.id = cases_.id_of(*found.conjunction);
    return found.id;
  }
  if (of.shape.additional) {
    return of.shape.additional->never == nullptr ? std::optional(cases_.id_of(*of.shape.additional))
                                                 : std::nullopt;
  }
  if (side == Side::kWritten && !of.partial && !writes_further_properties(of.shape)) return std::nullopt;
  return cases_.id_of({});
}

}  // namespace axllama::text
