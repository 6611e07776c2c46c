#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/limits.h"

namespace axllama::text::jinja {

struct ParsedTemplate {
  std::string source;  // normalized; offsets in the tree refer to it
  Body body;
  std::vector<std::string> names;  // of variables, by NameId
  /// Every attribute name and every string constant: what members of its inputs the template may look at.
  std::set<std::string, std::less<>> members;
};

/// Throws Failure (kSyntax or kLimit) with the offset.
ParsedTemplate parse_template(std::string source, const Limits& limits);

}  // namespace axllama::text::jinja
