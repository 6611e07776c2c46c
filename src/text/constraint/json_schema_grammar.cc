#include "text/constraint/json_schema_grammar.h"

#include <map>
#include <string>
#include <utility>

#include "base/error.h"
#include "text/constraint/grammar_analysis.h"
#include "text/constraint/limits.h"
#include "text/constraint/schema_document.h"
#include "text/constraint/schema_object.h"
#include "text/constraint/schema_scalars.h"
#include "text/constraint/schema_shape.h"

namespace axllama::text {
namespace {

using Json = nlohmann::ordered_json;
using Node = Grammar::Node;
using Shape = SchemaShape;

class Compiler {
 public:
  Compiler(JsonGrammar& json, const Json& schema)
      : json_(json), grammar_(json.grammar()), document_(schema) {}

  Node run() {
    const Node root = node_of(document_.root());
    while (!pending_.empty()) {  // defining rules meets further subschemas
      const auto [conjunction, rule] = std::move(pending_.back());
      pending_.pop_back();
      grammar_.define(rule, body_of(conjunction));
    }
    if (!productive_parts(grammar_)[root]) {
      throw base::Error(base::ErrorCode::kInvalidArgument,
                        "The schema allows no value" +
                            (contradiction_.empty() ? std::string() : ": " + contradiction_) + ".");
    }
    return root;
  }

 private:
  Node node_of(const Json& schema) {
    SchemaConjunction conjunction;
    add_to_conjunction(document_, schema, conjunction);
    return node_of(conjunction);
  }

  /// A rule of its own for each combination of subschemas, so that schemas may contain themselves.
  Node node_of(const SchemaConjunction& conjunction) {
    if (conjunction.members.empty() && conjunction.never == nullptr) return json_.value();
    const auto known = rules_.find(conjunction);
    if (known != rules_.end()) return known->second;
    if (rules_.size() >= kConstraintLimits.max_schema_shapes) {
      throw base::Error(base::ErrorCode::kInvalidArgument,
                        "The schema combines its parts in more than " +
                            std::to_string(kConstraintLimits.max_schema_shapes) + " ways.");
    }
    const Node rule = grammar_.declare(
        conjunction.members.empty() ? "schema" : document_.path(*conjunction.members.front().schema));
    rules_.emplace(conjunction, rule);
    pending_.emplace_back(conjunction, rule);
    return rule;
  }

  Node body_of(const SchemaConjunction& conjunction) {
    for (std::size_t i = 0; i < conjunction.members.size(); ++i) {
      const SchemaConjunction::Member& member = conjunction.members[i];
      if (!member.any_of_chosen && member.schema->contains("anyOf")) {
        return alternatives(conjunction, i, "anyOf", &SchemaConjunction::Member::any_of_chosen);
      }
      if (!member.one_of_chosen && member.schema->contains("oneOf")) {
        return alternatives(conjunction, i, "oneOf", &SchemaConjunction::Member::one_of_chosen);
      }
    }
    return shape_node(shape_of(document_, conjunction));
  }

  Node alternatives(const SchemaConjunction& conjunction, std::size_t index, const char* keyword,
                    bool SchemaConjunction::Member::* chosen) {
    const Json& schema = *conjunction.members[index].schema;
    const Json& branches = schema.at(keyword);
    if (!branches.is_array() || branches.empty()) {
      document_.refuse(schema, keyword, "must be an array that is not empty");
    }
    std::vector<Node> nodes;
    for (const Json& branch : branches) {
      SchemaConjunction with = conjunction;
      with.members[index].*chosen = true;
      add_to_conjunction(document_, branch, with);
      nodes.push_back(node_of(with));
    }
    return grammar_.choice(std::move(nodes));
  }

  Node shape_node(const Shape& shape) {
    if (shape.never) return never(shape.never_because);
    if (shape.values) return values_node(shape);
    std::vector<Node> nodes;
    if (shape.types & Shape::kObject) nodes.push_back(object_node(shape));
    if (shape.types & Shape::kArray) nodes.push_back(array_node(shape));
    if (shape.types & Shape::kString) nodes.push_back(add_string(json_, document_, shape));
    if (shape.types & (Shape::kInteger | Shape::kFraction)) nodes.push_back(number_node(shape));
    if (shape.types & Shape::kBoolean) nodes.push_back(json_.boolean());
    if (shape.types & Shape::kNull) nodes.push_back(json_.null());
    return grammar_.choice(std::move(nodes));
  }

  Node values_node(const Shape& shape) {
    std::vector<std::string> scalars;  // share their beginnings
    std::vector<Node> nodes;
    for (const Json& value : *shape.values) {
      if (!admits_value(document_, shape, value)) continue;
      if (value.is_structured()) {
        nodes.push_back(json_.constant(value));
      } else {
        scalars.push_back(value.is_string() ? json_string(value) : value.dump());
      }
    }
    if (!scalars.empty()) nodes.push_back(grammar_.literals(std::move(scalars)));
    if (nodes.empty()) return never("none of the values of \"enum\" or \"const\" satisfies the rest");
    return grammar_.choice(std::move(nodes));
  }

  Node number_node(const Shape& shape) {
    const Node node = add_number(json_, document_, shape);
    return node == grammar_.never() ? never("\"minimum\" and \"maximum\" exclude each other") : node;
  }

  Node array_node(const Shape& shape) {
    if (shape.min_items > shape.max_items) {
      return never("\"minItems\" " + std::to_string(shape.min_items) + " is more than \"maxItems\" " +
                   std::to_string(shape.max_items));
    }
    std::vector<Node> first;
    for (const SchemaConjunction& item : shape.first_items) {
      if (first.size() == shape.max_items || item.never != nullptr) break;
      first.push_back(node_of(item));
    }
    const bool complete = first.size() == shape.first_items.size();
    const auto count = static_cast<std::uint32_t>(first.size());
    const std::uint32_t min = shape.min_items > count ? shape.min_items - count : 0;
    std::uint32_t max = shape.max_items == Grammar::kUnbounded ? shape.max_items : shape.max_items - count;
    // Where nothing is said of further items, a list may have any and a tuple none.
    Node item = grammar_.never();
    if (complete && shape.items) {
      item = shape.items->never != nullptr ? grammar_.never() : node_of(*shape.items);
    } else if (complete && first.empty()) {
      item = json_.value();
    }
    if (item == grammar_.never()) max = 0;
    if (min > max) return never("\"minItems\" asks for more items than are described");
    return json_.array_of(first, first.size(), item, min, max);
  }

  Node object_node(const Shape& shape) {
    return add_object(
        json_, document_, shape, [this](const SchemaConjunction& c) { return node_of(c); },
        [this](const std::string& because) { return never(because); });
  }

  Node never(const std::string& because) {
    if (contradiction_.empty()) contradiction_ = because;
    return grammar_.never();
  }

  JsonGrammar& json_;
  Grammar& grammar_;
  SchemaDocument document_;
  std::map<SchemaConjunction, Node> rules_;
  std::vector<std::pair<SchemaConjunction, Node>> pending_;
  std::string contradiction_;  // the first that was met
};

}  // namespace

Node add_json_schema(JsonGrammar& json, const Json& schema) {
  return Compiler(json, schema).run();
}

Node add_json_schema(Grammar& grammar, const Json& schema) {
  JsonGrammar json(grammar);
  return add_json_schema(json, schema);
}

}  // namespace axllama::text
