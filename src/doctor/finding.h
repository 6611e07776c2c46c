#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace axllama::doctor {

enum class Status {
  kOk,
  kNote,     // worth knowing, nothing to mend
  kWarning,  // it works, but slower or less reliably than it could
  kFailed,   // the card cannot be used like this
};
std::string_view status_name(Status status) noexcept;  // "ok", "note", "warning", "failed"

/// What one check found. `mend` is what to type, or to do, about it; empty where nothing is to be done.
struct Finding {
  std::string check;  // "pcie-link"
  Status status = Status::kOk;
  std::string text;  // a sentence
  std::string mend;
};

/// False when any finding failed.
bool healthy(const std::vector<Finding>& findings) noexcept;

}  // namespace axllama::doctor
