#include "doctor/host_checks.h"

#include <iterator>
#include <utility>

namespace axllama::doctor {

std::vector<Finding> check_host(const HostView& host) {
  std::vector<Finding> findings = check_connection(host);
  for (auto&& part : {check_memory(host), check_processors(host)}) {
    findings.insert(findings.end(), part.begin(), part.end());
  }
  return findings;
}

}  // namespace axllama::doctor
