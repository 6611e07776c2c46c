#include "text/constraint/string_formats.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/utf8.h"

namespace axllama::text {
namespace {

struct Format {
  std::string_view name;
  std::vector<std::string> patterns;
  std::vector<std::string_view> views;
};

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

/// Eight groups of hexadecimal digits, of which one run may be left out (RFC 4291).
std::string ipv6_pattern() {
  constexpr std::size_t kGroups = 8;
  const std::string group = "[0-9a-f]{1,4}";
  const auto groups = [&](std::size_t count) {
    if (count == 0) return std::string();
    return group + "(:" + group + "){" + std::to_string(count - 1) + "}";
  };
  std::string pattern = groups(kGroups);
  for (std::size_t left = 0; left < kGroups - 1; ++left) {
    for (std::size_t right = 0; left + right < kGroups - 1; ++right) {
      pattern += "|" + groups(left) + "::" + groups(right);
    }
  }
  return pattern;
}

std::vector<Format> make_formats() {
  const std::string month_day =
      "(0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8])";
  const std::string leap_year = "\\d\\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00";
  const std::string date = joined({"(\\d{4}-(", month_day, ")|(", leap_year, ")-02-29)"});
  const std::string clock = "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?";
  const std::string time = clock + "(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)";
  const std::string octet = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
  const std::string host = "([a-z0-9]{1,20}(-[a-z0-9]{1,20})?\\.){1,3}[a-z]{2,10}";
  const std::string short_host = "[a-z0-9]{1,16}\\.[a-z]{2,3}";
  const std::string path = "(/[A-Za-z0-9._~-]{0,40}){0,10}";
  const std::string query = "(\\?[A-Za-z0-9._~&=+-]{0,200})?(#[A-Za-z0-9._~-]{0,60})?";
  const std::string local = "[A-Za-z0-9_+-]{1,32}(\\.[A-Za-z0-9_+-]{1,16}){0,2}";
  const std::string uri = joined({"[a-z][a-z0-9+-]{0,9}://", host, "(:[1-9]\\d{0,3})?", path, query});
  const std::string short_uri = joined({"https?://", short_host, "(/[A-Za-z0-9._~-]{0,24}){0,2}"});
  const std::string day_part = "(\\d{1,4}Y(\\d{1,2}M(\\d{1,3}D)?)?|\\d{1,2}M(\\d{1,3}D)?|\\d{1,3}D)";
  const std::string time_part = "T(\\d{1,3}H(\\d{1,2}M(\\d{1,2}S)?)?|\\d{1,3}M(\\d{1,2}S)?|\\d{1,4}S)";
  const std::string hex = "[0-9a-fA-F]";
  std::vector<Format> formats{
      {"date", {date}, {}},
      {"time", {time, "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\dZ"}, {}},
      {"date-time", {date + "T" + time, date + "T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\dZ"}, {}},
      {"iso-time", {clock + "(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)?"}, {}},
      {"iso-date-time", {date + "[T ]" + clock + "(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)?"}, {}},
      {"duration", {joined({"P(", day_part, "(", time_part, ")?|", time_part, "|\\d{1,3}W)"})}, {}},
      {"uuid", {joined({hex, "{8}-", hex, "{4}-", hex, "{4}-", hex, "{4}-", hex, "{12}"})}, {}},
      {"ipv4", {joined({"(", octet, "\\.){3}", octet})}, {}},
      {"ipv6", {ipv6_pattern()}, {}},
      {"hostname", {host, short_host}, {}},
      {"email", {local + "@" + host, "[A-Za-z0-9_+-]{1,24}@" + short_host}, {}},
      {"uri", {uri, short_uri}, {}},
      {"url",
       {joined({"https?://", host, "(:[1-9]\\d{1,3})?((/[A-Za-z0-9._~-]{0,40}){1,10}", query, ")?"}),
        short_uri},
       {}},
      {"uri-reference", {joined({uri, "|", path, query}), short_uri}, {}},
      {"json-pointer", {"(/([^~/\"\\\\\\x00-\\x1f]|~[01])*)*"}, {}},
      {"byte", {"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"}, {}},
  };
  for (Format& format : formats) format.views.assign(format.patterns.begin(), format.patterns.end());
  return formats;
}

}  // namespace

std::span<const std::string_view> format_patterns(std::string_view format) {
  static const std::vector<Format> formats = make_formats();
  const auto found =
      std::find_if(formats.begin(), formats.end(), [&](const Format& known) { return known.name == format; });
  return found != formats.end() ? std::span<const std::string_view>(found->views)
                                : std::span<const std::string_view>();
}

bool FormatFacts::exclude(std::string_view text) const {
  const std::size_t length = base::utf8_length(text);
  return length < min_length || length > max_length ||
         (needed != 0 && text.find(needed) == std::string_view::npos) ||
         (!alphabet.empty() && text.find_first_not_of(alphabet) != std::string_view::npos);
}

bool FormatFacts::exclude(const FormatFacts& other) const {
  const auto lacks = [](const FormatFacts& facts, char character) {
    return character != 0 && !facts.alphabet.empty() &&
           facts.alphabet.find(character) == std::string_view::npos;
  };
  return max_length < other.min_length || other.max_length < min_length || lacks(*this, other.needed) ||
         lacks(other, needed);
}

FormatFacts facts_of_format(std::string_view format) {
  constexpr std::uint32_t kAny = Grammar::kUnbounded;
  constexpr std::string_view kClock = "0123456789:.TtZz+-";
  constexpr std::array<FormatFacts, 13> kFacts = {
      {{"date", 10, 10, '-', "0123456789-"},
       {"time", 9, kAny, ':', kClock},
       {"date-time", 19, kAny, ':', ""},
       {"iso-time", 5, kAny, ':', kClock},
       {"iso-date-time", 16, kAny, ':', ""},
       {"duration", 3, kAny, 'P', "0123456789PYMWDTHS.,"},
       {"uuid", 36, 45, '-', "0123456789abcdefABCDEF-urnid:URNID"},
       {"ipv4", 7, 15, '.', "0123456789."},
       {"ipv6", 2, 45, ':', "0123456789abcdefABCDEF:."},
       {"email", 3, kAny, '@', ""},
       {"hostname", 1, 254, 0, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_."},
       {"uri", 2, kAny, ':', ""},
       {"url", 2, kAny, ':', ""}}};
  const auto* known = std::find_if(kFacts.begin(), kFacts.end(),
                                   [&](const FormatFacts& facts) { return facts.name == format; });
  return known != kFacts.end() ? *known : FormatFacts{};
}

bool is_standard_format(std::string_view format) {
  constexpr std::array<std::string_view, 12> kOthers = {"idn-email",
                                                        "idn-hostname",
                                                        "iri",
                                                        "iri-reference",
                                                        "uri-template",
                                                        "regex",
                                                        "relative-json-pointer",
                                                        "date",
                                                        "time",
                                                        "date-time",
                                                        "json-pointer-uri-fragment",
                                                        "uuid"};
  return std::find(kOthers.begin(), kOthers.end(), format) != kOthers.end() ||
         !format_patterns(format).empty();
}

}  // namespace axllama::text
