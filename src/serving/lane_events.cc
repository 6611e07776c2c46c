#include "serving/lane_events.h"

#include <utility>

namespace axllama::serving {

using base::Error;
using base::ErrorCode;

Error as_error(std::exception_ptr exception) {
  try {
    std::rethrow_exception(std::move(exception));
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {
    return {ErrorCode::kInternal, "An internal error ended the request.", error.what()};
  } catch (...) {
    return {ErrorCode::kInternal, "An unknown error ended the request."};
  }
}

Error shutting_down() {
  return {ErrorCode::kUnavailable, "The server is shutting down."};
}

inference::TokenEvent end_event(inference::FinishReason reason, std::size_t prompt_tokens) {
  inference::TokenEvent event;
  event.done = true;
  event.reason = reason;
  event.stats.prompt_tokens = prompt_tokens;
  return event;
}

}  // namespace axllama::serving
