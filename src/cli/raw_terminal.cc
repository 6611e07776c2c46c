#include "cli/raw_terminal.h"

#include <cerrno>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace axllama::cli {
namespace {

constexpr std::string_view kBracketsOn = "\x1b[?2004h";
constexpr std::string_view kBracketsOff = "\x1b[?2004l";

}  // namespace

void RawTerminal::enter(Mode mode) {
  if (!entered_ && ::tcgetattr(STDIN_FILENO, &saved_) != 0) return;
  termios raw = saved_;
  raw.c_iflag &= ~static_cast<tcflag_t>(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
  raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | IEXTEN);
  if (mode == Mode::kEditing) raw.c_lflag &= ~static_cast<tcflag_t>(ISIG);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  if (::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) != 0) return;
  if (!std::exchange(entered_, true)) write(kBracketsOn);
}

void RawTerminal::leave() {
  if (!entered_) return;
  entered_ = false;
  write(kBracketsOff);
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_);
}

RawTerminal::Input RawTerminal::read(char& byte, std::optional<std::chrono::milliseconds> timeout) {
  while (true) {
    pollfd wait{STDIN_FILENO, POLLIN, 0};
    const int ready = ::poll(&wait, 1, timeout ? static_cast<int>(timeout->count()) : -1);
    if (ready == 0) return Input::kTimeout;
    if (ready < 0 && errno == EINTR) continue;
    const ssize_t count = ready < 0 ? -1 : ::read(STDIN_FILENO, &byte, 1);
    if (count == 1) return Input::kByte;
    if (count < 0 && errno == EINTR) continue;
    return Input::kEnd;
  }
}

void RawTerminal::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) return;
    if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace axllama::cli
