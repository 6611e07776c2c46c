#include "tests/support/terminal.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

namespace axllama::testing {
namespace {

constexpr int kPatienceMilliseconds = 30'000;

}  // namespace

TerminalProcess::TerminalProcess(const std::vector<std::string>& arguments, const Environment& environment) {
  std::vector<std::string> words = emulated(arguments);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  winsize size{};
  size.ws_col = 100;
  size.ws_row = 30;
  pid_ = ::forkpty(&terminal_, nullptr, nullptr, &size);
  if (pid_ < 0) throw std::runtime_error("no terminal can be made");
  if (pid_ == 0) {
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
}

TerminalProcess::~TerminalProcess() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(terminal_);
}

void TerminalProcess::type(std::string_view keys) const {
  while (!keys.empty()) {
    const ssize_t count = ::write(terminal_, keys.data(), keys.size());
    if (count <= 0) return;
    keys.remove_prefix(static_cast<std::size_t>(count));
  }
}

bool TerminalProcess::read_more() {
  pollfd wait{terminal_, POLLIN, 0};
  if (::poll(&wait, 1, kPatienceMilliseconds) <= 0) return false;
  std::array<char, 4096> bytes{};
  const ssize_t count = ::read(terminal_, bytes.data(), bytes.size());
  if (count <= 0) return false;
  output_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

bool TerminalProcess::shows(std::string_view text) {
  while (true) {
    if (const auto at = output_.find(text, seen_); at != std::string::npos) {
      seen_ = at + text.size();
      return true;
    }
    if (!read_more()) return false;
  }
}

int TerminalProcess::wait() {
  while (read_more()) {
  }
  int status = 0;
  for (int tries = 0; tries < kPatienceMilliseconds / 10; ++tries) {
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    ::usleep(10'000);
  }
  return -1;
}

}  // namespace axllama::testing
