#include "text/constraint/json_schema_grammar.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/constraint/grammar_analysis.h"
#include "text/constraint/limits.h"
#include "text/constraint/schema_array.h"
#include "text/constraint/schema_document.h"
#include "text/constraint/schema_object.h"
#include "text/constraint/schema_one_of.h"
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
      : json_(json), grammar_(json.grammar()), document_(schema), one_of_(document_) {}

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
    const auto alternatives = alternatives_of(document_, conjunction);
    if (!alternatives) return shape_node(shape_of(document_, conjunction));
    if (std::string_view(alternatives->keyword) == "anyOf") return choice(alternatives->conjunctions);
    const std::vector<SchemaConjunction> exclusive = one_of_.exclusive(*alternatives);
    if (exclusive.empty()) return never("every value of \"oneOf\" satisfies two of its alternatives");
    return choice(exclusive);
  }

  Node choice(const std::vector<SchemaConjunction>& conjunctions) {
    std::vector<Node> nodes;
    for (const SchemaConjunction& conjunction : conjunctions) nodes.push_back(node_of(conjunction));
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
    return add_array(
        json_, shape, [this](const SchemaConjunction& c) { return node_of(c); },
        [this](const std::string& because) { return never(because); });
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
  SchemaOneOf one_of_;
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
