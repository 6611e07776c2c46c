#include "cli/interrupt.h"

#include <csignal>

namespace axllama::cli {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may only touch lock-free atomics");
struct sigaction previous_action{};

extern "C" void remember_interrupt(int /*signal*/) {
  interrupted.store(true, std::memory_order_relaxed);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  struct sigaction action{};
  action.sa_handler = remember_interrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = 0;  // no SA_RESTART: a read at the prompt must return
  ::sigaction(SIGINT, &action, &previous_action);
}

InterruptGuard::~InterruptGuard() {
  ::sigaction(SIGINT, &previous_action, nullptr);
}

const std::atomic<bool>& InterruptGuard::flag() noexcept {
  return interrupted;
}

bool InterruptGuard::take() noexcept {
  return interrupted.exchange(false);
}

}  // namespace axllama::cli
