#include "tests/support/docker_registry.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "base/error.h"
#include "http/fetch.h"
#include "tests/support/free_port.h"

namespace axllama::testing {
namespace {

using std::chrono::steady_clock;

constexpr const char* kProgram = "/usr/bin/docker-registry";
constexpr std::chrono::seconds kStartTimeout{60};

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
