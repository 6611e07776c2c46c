#pragma once

#include <string>

#include "text/gotemplate/ast.h"

namespace axllama::text::gotemplate {

/// Throws Failure with the offset.
ParsedTemplate parse_template(std::string source);

}  // namespace axllama::text::gotemplate
