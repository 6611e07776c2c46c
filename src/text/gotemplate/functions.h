#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "text/gotemplate/value.h"

namespace axllama::text::gotemplate {

/// What functions may know of the rendering.
struct FunctionContext {
  std::chrono::system_clock::time_point now;
  std::size_t max_text_bytes;  // of one result
};

/// A function of the template language. `and` and `or` are called by the executor, argument by argument, and
/// have no implementation here.
struct Function {
  std::string_view name;
  std::size_t least;  // arguments
  std::size_t most;
  Value (*call)(const FunctionContext& context, std::span<const Value> arguments);
};

/// Go's built-in functions (but for call), and json, currentDate, yesterdayDate and toTypeScriptType. Null
/// when there is none of that name.
const Function* find_function(std::string_view name) noexcept;

}  // namespace axllama::text::gotemplate
