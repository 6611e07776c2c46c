#include "cli/progress_bar.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "cli/terminal.h"

namespace axllama::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kQuietTime{300};
constexpr milliseconds kRedrawInterval{60};
constexpr std::size_t kBarColumns = 30;

}  // namespace

ProgressBar::ProgressBar(std::string label) : label_(std::move(label)), begin_(steady_clock::now()) {}

ProgressBar::~ProgressBar() {
  if (visible_) std::fputs("\r\x1b[K", stderr);
}

void ProgressBar::update(std::uint64_t done, std::uint64_t total) {
  const auto now = steady_clock::now();
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
  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(kBarColumns));
  std::string bar(filled, '#');
  bar.resize(kBarColumns, '.');
  const double elapsed = std::chrono::duration<double>(steady_clock::now() - begin_).count();
  const double left = share > 0 ? elapsed / share - elapsed : 0;
  std::fprintf(stderr, "\r\x1b[K%s [%s] %3d %% %.0f s left", label_.c_str(), bar.c_str(),
               static_cast<int>(share * 100), left);
  std::fflush(stderr);
  visible_ = true;
}

}  // namespace axllama::cli
