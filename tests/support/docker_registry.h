#pragma once

#include <optional>
#include <string>

#include "tests/support/process.h"

namespace axllama::testing {

/// Debian's docker-registry on the loopback interface with a folder of its own; empty at the start, ended
/// with the scope.
class DockerRegistry {
 public:
  /// Throws std::runtime_error when the program is missing or does not answer.
  DockerRegistry();

  const std::string& host() const noexcept { return host_; }  // "127.0.0.1:PORT"

 private:
  bool answers() const;

  TemporaryFolder folder_;
  std::string host_;
  std::optional<ChildProcess> process_;
};

}  // namespace axllama::testing
