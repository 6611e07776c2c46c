#include "cli/progress_line.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "base/duration.h"
#include "base/utf8.h"
#include "cli/human.h"

namespace axllama::cli {
namespace {

constexpr std::size_t kSizeColumns = 6;     // "522 MB"
constexpr std::size_t kAmountColumns = 13;  // "225 MB/522 MB"
constexpr std::size_t kRateColumns = 10;    // "   11 MB/s"
constexpr std::size_t kLeftColumns = 8;     // "     26s"
constexpr std::size_t kFrameColumns =
    5;  // the bar's ends, a blank on either side, the terminal's last column
constexpr std::size_t kLeastBar = 5;
constexpr double kLongestLeft = 99.0 * 3600.0;  // seconds; more is no estimate

std::string right_aligned(const std::string& text, std::size_t columns) {
  return std::string(columns - std::min(columns, text.size()), ' ') + text;
}

/// As many of the text's first characters as there are columns.
std::string shortened(const std::string& text, std::size_t columns) {
  std::size_t bytes = 0;
  for (; bytes < text.size() && columns > 0; --columns) bytes += base::decode_utf8(text, bytes).length;
  return text.substr(0, bytes);
}

std::string amount(const Progress& progress, std::string_view counted) {
  if (!counted.empty()) {
    return std::to_string(progress.done) + "/" + std::to_string(progress.total) + " " + std::string(counted);
  }
  return right_aligned(human_bytes(progress.done), kSizeColumns) + "/" +
         right_aligned(human_bytes(progress.total), kSizeColumns);
}

/// Rate and time left, in columns of their own; blanks while there is no rate yet.
std::string pace(const Progress& progress, std::string_view counted) {
  const auto gained = static_cast<double>(progress.done - std::min(progress.done, progress.begun));
  if (gained <= 0 || progress.seconds <= 0) return std::string(kRateColumns + kLeftColumns, ' ');
  const double rate = gained / progress.seconds;
  const double left = std::min(static_cast<double>(progress.total - progress.done) / rate, kLongestLeft);
  const std::string shown = counted.empty() ? human_bytes(static_cast<std::uint64_t>(rate)) + "/s" : "";
  const std::chrono::seconds whole(static_cast<std::int64_t>(left));
  return right_aligned(shown, kRateColumns) + right_aligned(base::format_duration(whole), kLeftColumns);
}

std::string line(const std::string& label, double share, const std::string& behind, std::size_t columns) {
  const std::string percent = right_aligned(std::to_string(static_cast<int>(share * 100)), 3) + "%";
  const std::size_t fixed = std::string_view(": ").size() + percent.size() + behind.size() + kFrameColumns;
  const std::size_t free = columns - std::min(columns, fixed);
  const std::string name = shortened(label, free - std::min(free, kLeastBar));
  const std::size_t width = free - std::min(free, base::utf8_length(name));
  const auto filled = static_cast<std::size_t>(std::floor(share * static_cast<double>(width)));
  std::string bar;
  for (std::size_t i = 0; i < width; ++i) bar += i < filled ? "█" : " ";
  return name + ": " + percent + " ▕" + bar + "▏ " + behind;
}

}  // namespace

std::string progress_line(const std::string& label, const Progress& progress, std::string_view counted,
                          std::size_t columns) {
  Progress sane = progress;
  sane.done = std::min(progress.done, progress.total);
  const double share = static_cast<double>(sane.done) / static_cast<double>(sane.total);
  return line(label, share, right_aligned(amount(sane, counted), kAmountColumns) + pace(sane, counted),
              columns);
}

std::string finished_line(const std::string& label, std::uint64_t total, std::string_view counted,
                          std::size_t columns) {
  std::string behind = counted.empty() ? right_aligned(human_bytes(total), kSizeColumns)
                                       : std::to_string(total) + " " + std::string(counted);
  behind.resize(std::max(behind.size(), kAmountColumns + kRateColumns + kLeftColumns), ' ');
  std::string text = line(label, 1, behind, columns);
  text.resize(text.find_last_not_of(' ') + 1);
  return text;
}

std::string spinner_line(const std::string& label, std::size_t frame, std::size_t columns) {
  constexpr std::size_t kSignColumns = 3;  // a blank, the sign, the terminal's last column
  constexpr std::array kSigns{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
  return shortened(label, columns - std::min(columns, kSignColumns)) + " " + kSigns.at(frame % kSigns.size());
}

}  // namespace axllama::cli
