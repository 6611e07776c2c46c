#include "text/jinja/error.h"

namespace axllama::text::jinja {

TemplateError::TemplateError(ErrorKind kind, const std::string& label, int line, int column,
                             const std::string& reason)
    : base::Error(base::ErrorCode::kInvalidArgument, label + ", line " + std::to_string(line) + ", column " +
                                                         std::to_string(column) + ": " + reason),
      kind_(kind),
      line_(line),
      column_(column),
      reason_(reason) {}

void fail(std::string message) {
  throw Failure(ErrorKind::kRuntime, std::move(message));
}

}  // namespace axllama::text::jinja
