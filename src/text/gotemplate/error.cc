#include "text/gotemplate/error.h"

namespace axllama::text::gotemplate {

TemplateError::TemplateError(const std::string& label, int line, int column, const std::string& reason,
                             bool syntax)
    : base::Error(base::ErrorCode::kInvalidArgument, label + ", line " + std::to_string(line) + ", column " +
                                                         std::to_string(column) + ": " + reason),
      line_(line),
      column_(column),
      syntax_(syntax) {}

void fail(std::string message) {
  throw Failure(std::move(message));
}

}  // namespace axllama::text::gotemplate
