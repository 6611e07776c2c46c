#include "serving/fault.h"

namespace axllama::serving {

using base::ErrorCode;

const char* recovery_name(Recovery recovery) noexcept {
  switch (recovery) {
    case Recovery::kRetry:
      return "retry";
    case Recovery::kReload:
      return "reload";
    case Recovery::kReset:
      return "reset";
    case Recovery::kRefuse:
      return "refuse";
  }
  return "unknown";
}

Recovery recovery_for(const base::Error& error, std::size_t failures) noexcept {
  switch (error.code()) {
    case ErrorCode::kUnavailable:
      return failures <= 3 ? Recovery::kReset : Recovery::kRefuse;
    case ErrorCode::kDevice:
    case ErrorCode::kResourceExhausted:
      switch (failures) {
        case 1:
          return Recovery::kRetry;
        case 2:
          return Recovery::kReload;
        case 3:
          return Recovery::kReset;
        default:
          return Recovery::kRefuse;
      }
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kUnsupported:
    case ErrorCode::kCancelled:
    case ErrorCode::kInternal:
      break;
  }
  return Recovery::kRefuse;
}

bool is_card_failure(const base::Error& error) noexcept {
  return error.code() == ErrorCode::kDevice || error.code() == ErrorCode::kUnavailable;
}

}  // namespace axllama::serving
