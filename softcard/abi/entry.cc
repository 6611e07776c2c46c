#include "softcard/abi/entry.h"

#include "softcard/graph/program.h"

namespace axllama::softcard {

namespace {
thread_local std::string last_error_text;

// A program that ends without axclFinalize still leaves its counters behind.
struct CountersAtExit {
  Runtime* runtime = nullptr;
  ~CountersAtExit() {
    if (runtime != nullptr && runtime->initialised()) {
      guarded([this] { runtime->write_counters(); });
    }
  }
};

}  // namespace

Runtime& runtime() {
  static auto* const instance = new Runtime(&Program::load);
  static const CountersAtExit at_exit{instance};
  return *instance;
}

void set_last_error(std::string_view text) noexcept {
  try {
    last_error_text = text;
  } catch (...) {
    last_error_text.clear();
  }
}

const std::string& last_error() noexcept {
  return last_error_text;
}

}  // namespace axllama::softcard
