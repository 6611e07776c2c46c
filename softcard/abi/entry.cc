#include "softcard/abi/entry.h"

#include "softcard/graph/program.h"

namespace axllama::softcard {

namespace {
thread_local std::string last_error_text;
}

Runtime& runtime() {
  static auto* const instance = new Runtime(&Program::load);
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
