#pragma once

#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <sys/types.h>

#include "tests/support/temporary_folder.h"

namespace axllama::testing {

/// The program under test and the files of this build.
std::filesystem::path build_folder();
std::filesystem::path axllama_program();
std::filesystem::path bundled_models();       // s8, as users run it
std::filesystem::path bundled_models_bf16();  // for comparisons with the reference

/// The command line with the emulator before a program of this build that this machine cannot run by itself:
/// AXLLAMA_EMULATOR, words separated by spaces.
std::vector<std::string> emulated(const std::vector<std::string>& arguments);

/// The same as words for a shell.
std::string emulated_in_shell(const std::vector<std::string>& arguments);

struct CommandResult {
  int status = -1;  // exit status; 128 + signal when killed
  std::string out;
  std::string err;
};

using Environment = std::map<std::string, std::string>;

/// Runs a program to its end with `input` on its standard input; `environment` is added to this process's
/// own.
CommandResult run_command(const std::vector<std::string>& arguments, const Environment& environment = {},
                          const std::string& input = {});

/// A child that runs until stopped. Its output goes to `log`. Killed at the end of the scope if it still
/// runs.
class ChildProcess {
 public:
  ChildProcess(const std::vector<std::string>& arguments, const Environment& environment,
               const std::filesystem::path& log);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t id() const noexcept { return pid_; }
  void signal(int number) const;
  bool running();
  /// Exit status (128 + signal when killed), or nothing when it still runs after `timeout`.
  std::optional<int> wait(std::chrono::milliseconds timeout);

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

/// `axllama serve` on a free loopback port with the bundled model, as a user would start it; `command` are
/// other words that do the same.
class ServerProcess {
 public:
  explicit ServerProcess(const std::vector<std::string>& options = {}, Environment environment = {},
                         const std::vector<std::string>& command = {axllama_program(), "serve"});
  ~ServerProcess();

  const std::string& host() const noexcept { return host_; }  // "127.0.0.1:PORT"
  std::string url(const std::string& path) const { return "http://" + host_ + path; }
  int port() const noexcept { return port_; }
  std::string log() const;
  ChildProcess& process() { return *process_; }
  pid_t process_id() const noexcept { return process_->id(); }
  /// Sends a signal and returns the exit status; nothing when the server does not end in time.
  std::optional<int> stop(int signal = SIGTERM);

 private:
  TemporaryFolder folder_;
  std::string host_;
  int port_ = 0;
  std::optional<ChildProcess> process_;
};

/// What is in a file; nothing when it cannot be read.
std::string read_file(const std::filesystem::path& path);
nlohmann::json read_json(const std::filesystem::path& path);

}  // namespace axllama::testing
