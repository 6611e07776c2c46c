#include "doctor/finding.h"

#include <algorithm>

namespace axllama::doctor {

std::string_view status_name(Status status) noexcept {
  switch (status) {
    case Status::kOk:
      return "ok";
    case Status::kNote:
      return "note";
    case Status::kWarning:
      return "warning";
    case Status::kFailed:
      return "failed";
  }
  return "";
}

bool healthy(const std::vector<Finding>& findings) noexcept {
  return std::none_of(findings.begin(), findings.end(),
                      [](const Finding& finding) { return finding.status == Status::kFailed; });
}

}  // namespace axllama::doctor
