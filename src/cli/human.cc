#include "cli/human.h"

#include <array>
#include <string_view>

namespace axllama::cli {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

constexpr seconds kMinute{60};
constexpr seconds kHour = 60 * kMinute;
constexpr seconds kDay = 24 * kHour;
constexpr seconds kWeek = 7 * kDay;
constexpr seconds kMonth = 30 * kDay;
constexpr seconds kYear = 365 * kDay;
constexpr seconds kForever = 20 * kYear;

struct Unit {
  seconds at_most;  // the unit is used below this span
  seconds length;
  std::string_view singular;
  std::string_view plural;
};

constexpr std::array kUnits{
    Unit{kMinute, seconds(1), "1 second", "seconds"}, Unit{kHour, kMinute, "About a minute", "minutes"},
    Unit{2 * kDay, kHour, "About an hour", "hours"},  Unit{2 * kWeek, kDay, "1 day", "days"},
    Unit{2 * kMonth, kWeek, "1 week", "weeks"},       Unit{2 * kYear, kMonth, "1 month", "months"},
};

std::string human_span(seconds span) {
  if (span < seconds(1)) return "Less than a second";
  for (const Unit& unit : kUnits) {
    if (span < unit.at_most) {
      const auto count = span / unit.length;
      return count == 1 ? std::string(unit.singular) : std::to_string(count) + " " + std::string(unit.plural);
    }
  }
  return std::to_string(span / kYear) + " years";
}

}  // namespace

std::string human_time(system_clock::time_point when, system_clock::time_point now) {
  if (when.time_since_epoch() <= seconds(0)) return "Never";
  const auto ahead = std::chrono::duration_cast<seconds>(when - now);
  if (ahead > kForever) return "Forever";
  return when > now ? human_span(ahead) + " from now" : human_span(-ahead) + " ago";
}

}  // namespace axllama::cli
