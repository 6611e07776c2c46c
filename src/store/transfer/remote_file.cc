#include "store/transfer/remote_file.h"

#include "base/error.h"

namespace axllama::store {

using base::Error;
using base::ErrorCode;

bool is_transient(int status) noexcept {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

void throw_status(const http::FetchResponse& response, const Authorization& authorization) {
  const int status = response.head.status;
  const std::string detail = response.url + ": status " + std::to_string(status) + " " + response.body;
  if (status == 404) throw Error(ErrorCode::kNotFound, "file does not exist", detail);
  if (status == 401 || status == 403) {
    throw Error(ErrorCode::kInvalidArgument,
                "access to " + response.url + " is denied (status " + std::to_string(status) + "); " +
                    authorization.advice(),
                detail);
  }
  if (status == 429) {
    throw Error(ErrorCode::kUnavailable, response.url + " asks to wait (status 429); try again later",
                detail);
  }
  throw Error(ErrorCode::kUnavailable,
              response.url + " answers with status " + std::to_string(status) +
                  (is_transient(status) ? "; try again later" : ""),
              detail);
}

}  // namespace axllama::store
