#include "text/constraint/schema_object.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/constraint/limits.h"

namespace axllama::text {
namespace {

using Node = Grammar::Node;
using Shape = SchemaShape;

/// The members of an object as rules: which property may come next, and how many there are already.
class Members {
 public:
  Members(JsonGrammar& json, const Shape& shape) : json_(json), grammar_(json.grammar()), shape_(shape) {
    counts_ = shape.max_properties != Grammar::kUnbounded ? shape.max_properties : shape.min_properties;
  }

  void add(Node member, bool required) {
    members_.push_back(member);
    required_.push_back(required);
  }
  void set_further(Node member) { further_ = member; }

  /// The size of the table of rules: places × counts.
  std::size_t size() const { return (members_.size() + 1) * (std::size_t{counts_} + 1); }
  /// Counting cannot matter beyond what can be there.
  void limit_counts() {
    const auto most = static_cast<std::uint32_t>(members_.size());
    if (further_ == grammar_.never() || shape_.max_properties == Grammar::kUnbounded) {
      counts_ = std::min(counts_, most + 1);
    }
  }

  /// All members, the first one included; white space follows where there are any.
  Node run() {
    const std::size_t places = members_.size() + 1;
    const std::size_t counts = std::size_t{counts_} + 1;
    first_.resize(places * counts);
    after_.resize(places * counts);
    for (std::size_t i = 0; i < places * counts; ++i) {
      first_[i] = grammar_.declare("member");
      after_[i] = grammar_.declare("members");
    }
    const Node comma = grammar_.sequence({json_.space(), grammar_.literal(","), json_.space()});
    for (std::size_t place = 0; place < places; ++place) {
      const bool open = std::find(required_.begin() + static_cast<std::ptrdiff_t>(place), required_.end(),
                                  true) == required_.end();
      for (std::uint32_t count = 0; count <= counts_; ++count) {
        const Node next = place < members_.size() ? declared(place, count) : further(count, comma);
        grammar_.define(first_[index(place, count)], next);
        const Node more = grammar_.sequence({comma, first_[index(place, count)]});
        grammar_.define(after_[index(place, count)],
                        open && count >= shape_.min_properties ? grammar_.optional(more) : more);
      }
    }
    const Node some = grammar_.sequence({first_[0], json_.space()});
    const bool may_be_empty =
        std::find(required_.begin(), required_.end(), true) == required_.end() && shape_.min_properties == 0;
    return may_be_empty ? grammar_.optional(some) : some;
  }

 private:
  std::size_t index(std::size_t place, std::uint32_t count) const {
    return place * (std::size_t{counts_} + 1) + std::min(count, counts_);
  }

  /// The member of this place and what follows it, or, where it is not required, what comes later.
  Node declared(std::size_t place, std::uint32_t count) {
    Node here = grammar_.never();
    if (count < shape_.max_properties) {
      here = grammar_.sequence({members_[place], after_[index(place + 1, count + 1)]});
    }
    return required_[place] ? here : grammar_.choice({here, first_[index(place + 1, count)]});
  }

  /// Members that the schema does not name. Two of them may have the same key and so be one: no more than one
  /// counts for minProperties.
  Node further(std::uint32_t count, Node comma) {
    if (count >= shape_.max_properties || count + 1 < shape_.min_properties) return grammar_.never();
    const std::uint32_t most =
        shape_.max_properties == Grammar::kUnbounded ? Grammar::kUnbounded : shape_.max_properties - count;
    return grammar_.separated(further_, comma, 1, most);
  }

  JsonGrammar& json_;
  Grammar& grammar_;
  const Shape& shape_;
  std::uint32_t counts_ = 0;  // members are counted up to here
  std::vector<Node> members_;
  std::vector<bool> required_;
  Node further_ = 0;
  std::vector<Node> first_;  // [places, counts]
  std::vector<Node> after_;
};

bool says_nothing_of_strings(const SchemaConjunction& names) {
  return names.never == nullptr &&
         std::all_of(names.members.begin(), names.members.end(), [](const SchemaConjunction::Member& member) {
           const auto& schema = *member.schema;
           return schema.empty() ||
                  (schema.size() == 1 && schema.contains("type") && schema["type"] == "string");
         });
}

}  // namespace

bool writes_further_properties(const Shape& shape) {
  return shape.additional ? shape.additional->never == nullptr : shape.properties.empty();
}

Node add_object(JsonGrammar& json, const SchemaDocument& document, const Shape& shape,
                const std::function<Node(const SchemaConjunction&)>& node_of,
                const std::function<Node(const std::string&)>& never) {
  Grammar& grammar = json.grammar();
  if (shape.min_properties > shape.max_properties) {
    return never("\"minProperties\" " + std::to_string(shape.min_properties) +
                 " is more than \"maxProperties\" " + std::to_string(shape.max_properties));
  }
  const std::set<std::string> required(shape.required.begin(), shape.required.end());
  Members members(json, shape);
  std::vector<std::string> names;
  for (const auto& [name, conjunction] : shape.properties) {
    names.push_back(name);
    const bool is_required = required.contains(name);
    if (conjunction.never != nullptr) {
      if (!is_required) continue;
      return never("the property \"" + name + "\" is required, but \"" + document.path(*conjunction.never) +
                   "\" forbids it");
    }
    members.add(json.member(grammar.literal(json_string(name)), node_of(conjunction)), is_required);
  }

  if (writes_further_properties(shape)) {
    Node key = names.empty() ? json.string() : json.key_other_than(names);
    if (shape.names && !says_nothing_of_strings(*shape.names)) {
      if (!names.empty()) {
        document.refuse(*shape.names->members.front().schema, "propertyNames",
                        "is not supported beside \"properties\"");
      }
      if (shape.names->never != nullptr) {
        key = grammar.never();
      } else {
        SchemaConjunction strings = *shape.names;
        static const nlohmann::ordered_json kString = {{"type", "string"}};
        strings.members.push_back({&kString});
        key = node_of(strings);
      }
    }
    members.set_further(json.member(key, shape.additional ? node_of(*shape.additional) : json.value()));
  } else {
    members.set_further(grammar.never());
  }
  members.limit_counts();
  if (members.size() > kConstraintLimits.max_counted_properties &&
      members.size() > shape.properties.size() + 1) {
    throw base::Error(
        base::ErrorCode::kInvalidArgument,
        "The schema's keywords \"minProperties\" and \"maxProperties\" are too large for an object of " +
            std::to_string(shape.properties.size()) + " properties.");
  }
  return grammar.sequence({grammar.literal("{"), json.space(), members.run(), grammar.literal("}")});
}

}  // namespace axllama::text
