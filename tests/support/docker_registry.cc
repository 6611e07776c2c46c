#include "tests/support/docker_registry.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "http/fetch.h"

namespace axllama::testing {
namespace {

using std::chrono::steady_clock;

constexpr const char* kProgram = "/usr/bin/docker-registry";
constexpr std::chrono::seconds kStartTimeout{60};

/// A port nobody listens on just now.
int free_port() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), size);
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(descriptor);
  return ntohs(address.sin_port);
}

}  // namespace

DockerRegistry::DockerRegistry() : host_("127.0.0.1:" + std::to_string(free_port())) {
  if (!std::filesystem::exists(kProgram)) {
    throw std::runtime_error("install Debian's package docker-registry (scripts/packages.sh)");
  }
  const std::filesystem::path config = folder_.path() / "registry.yml";
  std::ofstream(config) << "version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: "
                        << (folder_.path() / "registry").string() << "}}\nhttp: {addr: \"" << host_
                        << "\"}\n";
  process_.emplace(std::vector<std::string>{kProgram, "serve", config}, Environment{},
                   folder_.path() / "registry.log");
  for (const auto end = steady_clock::now() + kStartTimeout; !answers();) {
    if (!process_->running() || steady_clock::now() > end) {
      throw std::runtime_error("docker-registry did not start at " + host_);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

bool DockerRegistry::answers() const {
  http::Fetcher fetcher;
  try {
    return fetcher.fetch({.url = "http://" + host_ + "/v2/"}).head.status == 200;
  } catch (const base::Error&) {
    return false;
  }
}

}  // namespace axllama::testing
