#include "cli/spinner.h"

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <stop_token>
#include <utility>

#include "cli/pause.h"
#include "cli/progress_line.h"
#include "cli/terminal.h"

namespace axllama::cli {
namespace {

constexpr std::chrono::milliseconds kFrameTime{100};

}  // namespace

Spinner::Spinner(std::string label) : label_(std::move(label)) {
  if (!stderr_is_terminal()) {
    std::fprintf(stderr, "%s\n", label_.c_str());
    return;
  }
  thread_ = std::jthread([this](const std::stop_token& stop) {
    std::size_t frame = 0;
    do {
      redraw_line(spinner_line(label_, frame++, stderr_width()));
    } while (pause_for(kFrameTime, stop));
  });
}

Spinner::~Spinner() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  redraw_line(label_ + "\n");
}

}  // namespace axllama::cli
