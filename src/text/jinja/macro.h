#pragma once

#include <string>
#include <utility>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/objects.h"

namespace axllama::text::jinja {

/// Variables of one block. The chain of parents is the lexical nesting. Owned by the interpreter's pool; one
/// that a macro refers to lives until the end of the rendering.
struct Scope {
  Scope* parent = nullptr;
  std::vector<std::pair<NameId, Value>> variables;
  bool captured = false;

  const Value* find_here(NameId name) const noexcept {
    for (const auto& [id, value] : variables) {
      if (id == name) {
        return &value;
      }
    }
    return nullptr;
  }
  void set(NameId name, Value value) {
    for (auto& [id, stored] : variables) {
      if (id == name) {
        stored = std::move(value);
        return;
      }
    }
    variables.emplace_back(name, std::move(value));
  }
};

/// A macro, or the body of a call block, with the variables that surround its definition.
class Macro : public Object {
 public:
  Macro(const MacroDefinition& defined, Scope& surroundings)
      : Object(ObjectKind::kMacro), definition(defined), scope(surroundings) {}

  std::string quoted_name() const {
    return definition.name.empty() ? "anonymous" : "'" + definition.name + "'";
  }

  const MacroDefinition& definition;
  Scope& scope;
};

}  // namespace axllama::text::jinja
