#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/fetch.h"
#include "store/digest.h"

namespace axllama::store {

using HeaderFields = std::vector<std::pair<std::string, std::string>>;

/// Who may fetch from a server. Thread-safe.
class Authorization {
 public:
  Authorization() = default;
  virtual ~Authorization() = default;
  Authorization(const Authorization&) = delete;
  Authorization& operator=(const Authorization&) = delete;

  /// To be sent with each request.
  virtual HeaderFields headers() = 0;
  /// After an answer 401: true when the request is worth another try with new headers.
  virtual bool renew(const http::FetchHead& refusal) = 0;
  /// A sentence for a refusal that stays: what the user can do.
  virtual std::string advice() const = 0;
};

/// A file to fetch.
struct RemoteFile {
  std::string name;  // for messages
  std::string url;
  std::uint64_t size = 0;
  std::optional<Digest> digest = {};  // unset: only `git_id` tells whether it is the right one
  std::string git_id = {};            // SHA-1 of a git blob, 40 hex digits; may be empty
};

/// The statuses that are worth another try, and what the others mean. Throws Error for those.
bool is_transient(int status) noexcept;
[[noreturn]] void throw_status(const http::FetchResponse& response, const Authorization& authorization);

}  // namespace axllama::store
