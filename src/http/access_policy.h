#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/headers.h"

namespace axllama::http {

/// The outcome of the cross-origin and host checks, made before any route is looked at.
struct AccessDecision {
  enum class Kind {
    kPass,       // go on; add `headers` to the answer
    kNoContent,  // answer 204 with `headers` (a preflight, or OPTIONS to an allowed host name)
    kForbidden,  // answer 403; `message` says what to set
  };
  Kind kind = Kind::kPass;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string message;
};

/// Which web pages (CORS) and which host names (DNS rebinding) may use the server; the rules are Ollama's.
/// Immutable, thread-safe.
class AccessPolicy {
 public:
  /// `origins` are the user's, as in OLLAMA_ORIGINS; loopback pages and desktop shells are always allowed.
  /// Entries are whole origins, origins with one `*`, `*` alone, or `/regular expression/`. `check_host` is
  /// for listeners on a loopback address. Throws Error (kInvalidArgument) for an entry that can match no
  /// origin or has two `*`.
  AccessPolicy(const std::vector<std::string>& origins, bool check_host);

  AccessDecision decide(std::string_view method, const Headers& headers) const;

  bool allows_origin(std::string_view origin) const;
  static bool allows_host(std::string_view host_header);

 private:
  struct Wildcard {
    std::string prefix;
    std::string suffix;
  };
  bool allow_all_ = false;
  bool check_host_ = false;
  std::vector<std::string> exact_;
  std::vector<Wildcard> wildcards_;
  std::vector<std::string> expressions_;
};

/// Splits "a, b" as OLLAMA_ORIGINS holds it; empty entries are dropped.
std::vector<std::string> split_origins(std::string_view list);

}  // namespace axllama::http
