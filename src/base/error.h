#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace axllama::base {

/// What went wrong, in terms a caller can act on. Dialects map these to HTTP statuses.
enum class ErrorCode {
  kInvalidArgument,    // the request or the file is wrong; trying again does not help (400)
  kNotFound,           // no such model, file or route (404)
  kUnsupported,        // understood, but this model or build cannot do it (400 or 501)
  kResourceExhausted,  // card memory, disk or a queue is full (503)
  kUnavailable,        // no card, card offline, or shutting down (503)
  kCancelled,          // the client left or the deadline passed (499)
  kDevice,             // the card's runtime reported a failure (500)
  kInternal,           // a defect of this program (500)
};

/// Stable lower-case name of a code, for logs ("invalid_argument").
std::string_view error_code_name(ErrorCode code) noexcept;

/// The one error type. `message` is a full sentence for the user; `detail` is for the log and may be empty.
/// Thrown inside a thread; never crosses a thread or the C ABI.
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message, std::string detail = {});

  ErrorCode code() const noexcept { return code_; }
  const std::string& message() const noexcept { return message_; }
  const std::string& detail() const noexcept { return detail_; }
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  ErrorCode code_;
  std::string message_;
  std::string detail_;
  std::string what_;  // message, and detail in parentheses when there is one
};

}  // namespace axllama::base
