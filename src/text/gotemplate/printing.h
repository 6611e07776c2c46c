#pragma once

#include <span>
#include <string>

#include "text/gotemplate/value.h"

namespace axllama::text::gotemplate {

// The text of values as Go's packages fmt and encoding/json write them.

/// What `{{ value }}` prints: "<no value>" for nil.
std::string print_value(const Value& value);
/// %v of a value, also within a list: "<nil>" for nil. `depth` guards against deep values.
std::string plain_text(const Value& value, int depth = 0);
/// fmt.Sprint: a blank between neighbours of which neither is a string.
std::string print_all(std::span<const Value> values);
/// fmt.Sprintln: a blank between all, and a line end.
std::string print_line(std::span<const Value> values);
/// fmt.Sprintf with %v %s %q %d %t %f %e %g %x %X %c %% and flags, width and precision.
std::string print_formatted(const std::string& format, std::span<const Value> values);

/// json.Marshal: no blanks, and `<`, `>`, `&`, U+2028 and U+2029 as escapes; members in their own order.
std::string json_text(const Json& json);

}  // namespace axllama::text::gotemplate
