#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "text/constraint/constraint.h"
#include "text/thinking_parser.h"
#include "text/tokenizer/tokenizer.h"
#include "text/tool_calls/format.h"
#include "text/tool_calls/offered_tools.h"

namespace axllama::text {

/// Which calls an answer must consist of.
struct RequiredCalls {
  std::string name;                      // the tool to call; empty: any of those on offer
  std::uint32_t most = 16;               // so many calls at most, and at least one
  std::optional<ThinkingTags> thoughts;  // set: the answer may begin with thoughts between these tags
};

/// Answers that call tools in the model's own spelling, with arguments that satisfy the tool's schema. Throws
/// Error (kInvalidArgument) when a schema is wrong or uses what constraints do not know, naming the tool;
/// when there is no such tool. Thread-safe.
std::shared_ptr<const Constraint> compile_required_calls(const ToolCallFormat& format,
                                                         const OfferedTools& tools,
                                                         const RequiredCalls& required,
                                                         const std::shared_ptr<const Tokenizer>& tokenizer);

}  // namespace axllama::text
