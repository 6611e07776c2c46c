#include "cli/progress_bar.h"

#include <cstdio>
#include <utility>

#include "cli/progress_line.h"
#include "cli/terminal.h"

namespace axllama::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kQuietTime{300};
constexpr milliseconds kRedrawInterval{60};

}  // namespace

ProgressBar::ProgressBar(std::string label, std::string counted)
    : label_(std::move(label)), counted_(std::move(counted)), begin_(steady_clock::now()) {}

ProgressBar::~ProgressBar() {
  if (visible_) redraw_line("");
}

void ProgressBar::update(std::uint64_t done, std::uint64_t total) {
  const auto now = steady_clock::now();
  if (!begun_) begun_ = counted_.empty() ? done : 0;
  if (total == 0 || now - begin_ < kQuietTime) return;
  if (stderr_is_terminal()) {
    if (now - drawn_ < kRedrawInterval && done < total) return;
    drawn_ = now;
    draw(done, total);
    return;
  }
  const std::uint64_t tenth = done * 10 / total;
  if (tenth > last_tenth_) {
    last_tenth_ = tenth;
    std::fprintf(stderr, "%s: %d %%\n", label_.c_str(), static_cast<int>(tenth * 10));
  }
}

void ProgressBar::draw(std::uint64_t done, std::uint64_t total) {
  const double seconds = std::chrono::duration<double>(steady_clock::now() - begin_).count();
  redraw_line(progress_line(label_, {done, total, begun_.value_or(0), seconds}, counted_, stderr_width()));
  visible_ = true;
}

}  // namespace axllama::cli
