#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "http/fetch.h"
#include "model/testing/package_folder.h"
#include "store/library.h"
#include "store/model_builder.h"
#include "store/transfer/model_transfer.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = "/usr/bin/docker-registry";

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

/// Debian's docker-registry on the loopback interface, ended with the scope.
class DockerRegistry {
 public:
  explicit DockerRegistry(const model::testing::PackageFolder& home)
      : host_("127.0.0.1:" + std::to_string(free_port())) {
    home.write("registry.yml", "version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: " +
                                   (home.path() / "registry").string() + "}}\nhttp: {addr: \"" + host_ +
                                   "\"}\n");
    const std::string config = (home.path() / "registry.yml").string();
    const std::string log = (home.path() / "registry.log").string();
    process_ = ::fork();
    if (process_ == 0) {
      const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
      ::dup2(output, STDOUT_FILENO);
      ::dup2(output, STDERR_FILENO);
      ::execl(kProgram, kProgram, "serve", config.c_str(), nullptr);
      ::_exit(127);
    }
  }
  ~DockerRegistry() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  DockerRegistry(const DockerRegistry&) = delete;
  DockerRegistry& operator=(const DockerRegistry&) = delete;

  bool ready() const {
    http::Fetcher fetcher;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < end && ::waitpid(process_, nullptr, WNOHANG) == 0) {
      try {
        if (fetcher.fetch({.url = "http://" + host_ + "/v2/"}).head.status == 200) return true;
      } catch (const base::Error&) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    }
    return false;
  }
  const std::string& host() const { return host_; }

 private:
  std::string host_;
  pid_t process_ = -1;
};

TEST(DockerRegistryTest, AModelComesBackAsItWasPushed) {
  ASSERT_TRUE(fs::exists(kProgram)) << "install Debian's package docker-registry (scripts/packages.sh)";
  const model::testing::PackageFolder home;
  const DockerRegistry registry(home);
  ASSERT_TRUE(registry.ready());

  model::testing::PackageFolder package;
  package.write_package();
  package.write("qwen3_p128_l0_together.axmodel", std::string(3'000'000, 'w'));
  const ModelName name = ModelName::require("http://" + registry.host() + "/team/tiny:v1");
  ModelStore mine(home.path() / "mine");
  ModelBuilder builder(mine, [](const std::string&) {});
  builder.start_from_folder(package.path());
  builder.check_package("tiny");
  ModelSettings settings;
  settings.system = "Be brief.";
  builder.apply(settings);
  builder.write(name);

  TransferOptions options;
  options.part_bytes = 1'000'000;
  const std::atomic<bool> never{false};
  std::string last;
  const auto note = [&last](const TransferProgress& progress) { last = progress.status; };
  for (int round = 0; round < 2; ++round) {  // the second time everything is there already
    ModelTransfer(mine, options).push(name, false, note, never);
    EXPECT_EQ(last, "success");
  }
  ModelStore other(home.path() / "other");
  ModelTransfer(other, options).pull({.name = name}, note, never);
  EXPECT_EQ(last, "success");
  EXPECT_EQ(other.manifests().text(name), mine.manifests().text(name));
  const Library library(LibraryOptions{.store = other.folder()});
  EXPECT_EQ(library.open(library.find(name.short_text()))->layer_count(), 3U);
  EXPECT_EQ(library.settings(library.find(name.short_text())).system, "Be brief.");

  const ModelName missing = ModelName::require("http://" + registry.host() + "/team/none");
  try {
    ModelTransfer(other, options).pull({.name = missing}, note, never);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.message(), "pull model manifest: file does not exist");
  }
}

}  // namespace
}  // namespace axllama::store
