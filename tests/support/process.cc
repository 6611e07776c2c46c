#include "tests/support/process.h"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/paths.h"

extern char** environ;

namespace axllama::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPoll{10};
constexpr milliseconds kStartTimeout{60'000};
constexpr milliseconds kStopTimeout{30'000};

int status_of(int raw) {
  return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
}

}  // namespace

std::vector<std::string> emulated(const std::vector<std::string>& arguments) {
  std::vector<std::string> command;
  const char* emulator = std::getenv("AXLLAMA_EMULATOR");
  if (emulator != nullptr && arguments.front().starts_with(AXLLAMA_BINARY_DIR)) {
    std::istringstream words(emulator);
    command.assign(std::istream_iterator<std::string>(words), {});
  }
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

std::string emulated_in_shell(const std::vector<std::string>& arguments) {
  std::string line;
  for (const std::string& word : emulated(arguments)) line += (line.empty() ? "" : " ") + word;
  return line;
}

namespace {

pid_t spawn(const std::vector<std::string>& arguments, const Environment& added, const std::string& in,
            const std::string& out, const std::string& err) {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const auto equals = text.find('=');
    variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  for (const auto& [name, value] : added) variables[name] = value;
  std::vector<std::string> lines;
  for (const auto& [name, value] : variables) lines.push_back(name + "=" + value);
  std::vector<char*> env;
  for (auto& line : lines) env.push_back(line.data());
  env.push_back(nullptr);
  std::vector<std::string> copies = emulated(arguments);
  std::vector<char*> argv;
  for (auto& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, in.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), env.data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    throw std::system_error(error, std::generic_category(), "cannot start " + arguments.front());
  return pid;
}

}  // namespace

CommandResult run_command(const std::vector<std::string>& arguments, const Environment& environment,
                          const std::string& input) {
  const TemporaryFolder folder;
  const auto in = folder.path() / "in";
  std::ofstream(in, std::ios::binary) << input;
  const auto out = folder.path() / "out";
  const auto err = folder.path() / "err";
  const pid_t pid = spawn(arguments, environment, in, out, err);
  int raw = 0;
  while (::waitpid(pid, &raw, 0) < 0 && errno == EINTR) {
  }
  return {status_of(raw), read_file(out), read_file(err)};
}

ChildProcess::ChildProcess(const std::vector<std::string>& arguments, const Environment& environment,
                           const std::filesystem::path& log)
    : pid_(spawn(arguments, environment, "/dev/null", log, log)) {}

ChildProcess::~ChildProcess() {
  if (running()) {
    signal(SIGKILL);
    wait(kStopTimeout);
  }
}

void ChildProcess::signal(int number) const {
  if (!status_) ::kill(pid_, number);
}

bool ChildProcess::running() {
  return !wait(milliseconds(0));
}

std::optional<int> ChildProcess::wait(milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  while (!status_) {
    int raw = 0;
    if (::waitpid(pid_, &raw, WNOHANG) == pid_) {
      status_ = status_of(raw);
    } else if (steady_clock::now() >= deadline) {
      break;
    } else {
      std::this_thread::sleep_for(kPoll);
    }
  }
  return status_;
}

ServerProcess::ServerProcess(const std::vector<std::string>& options, Environment environment,
                             const std::vector<std::string>& command) {
  const auto port_file = folder_.path() / "port";
  std::vector<std::string> arguments = command;
  arguments.insert(arguments.end(), {"--host", "127.0.0.1:0", "--port-file", port_file});
  arguments.insert(arguments.end(), options.begin(), options.end());
  environment.try_emplace("HOME", folder_.path());
  environment.try_emplace("OLLAMA_MODELS", folder_.path() / "store");  // never the user's
  // The model is small, and kernel threads that wait for each other are slow where several tests run at once.
  environment.try_emplace("AXLLAMA_SOFTCARD_THREADS", "1");
  process_.emplace(arguments, environment, folder_.path() / "log");
  const auto deadline = steady_clock::now() + kStartTimeout;
  while (true) {
    if (std::ifstream file(port_file); file >> port_) break;
    if (!process_->running() || steady_clock::now() > deadline) {
      throw std::runtime_error("the server did not start:\n" + log());
    }
    std::this_thread::sleep_for(kPoll);
  }
  host_ = "127.0.0.1:" + std::to_string(port_);
}

ServerProcess::~ServerProcess() {
  stop();
}

std::string ServerProcess::log() const {
  return read_file(folder_.path() / "log");
}

std::optional<int> ServerProcess::stop(int signal) {
  process_->signal(signal);
  return process_->wait(kStopTimeout);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

nlohmann::json read_json(const std::filesystem::path& path) {
  return nlohmann::json::parse(read_file(path));
}

std::filesystem::path build_folder() {
  return AXLLAMA_BINARY_DIR;
}

std::filesystem::path axllama_program() {
  return build_folder() / "bin" / "axllama";
}

std::filesystem::path bundled_models() {
  return build_folder() / "share" / "axllama" / "models";
}

std::filesystem::path bundled_models_bf16() {
  return build_folder() / "share" / "axllama" / "models-bf16";
}

}  // namespace axllama::testing
