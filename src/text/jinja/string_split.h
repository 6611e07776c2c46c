#pragma once

#include "text/jinja/runtime.h"

namespace axllama::text::jinja {

// str.split, str.rsplit and str.splitlines, as methods.
Value split_method(Runtime& runtime, const Value& self, const Arguments& arguments);
Value rsplit_method(Runtime& runtime, const Value& self, const Arguments& arguments);
Value splitlines_method(Runtime& runtime, const Value& self, const Arguments& arguments);

}  // namespace axllama::text::jinja
