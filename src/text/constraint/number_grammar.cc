#include "text/constraint/number_grammar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

namespace axllama::text {
namespace {

using Node = Grammar::Node;

constexpr std::size_t kExactDigits = 15;  // decimal numbers of so many digits are different doubles
constexpr std::uint64_t kLargestWhole = 999'999'999'999'999;

Node digits(Grammar& grammar, char first, char last) {
  return grammar.characters({{static_cast<char32_t>(first), static_cast<char32_t>(last)}});
}

Node any_digits(Grammar& grammar, std::size_t min, std::size_t max) {
  return grammar.repeat(digits(grammar, '0', '9'), static_cast<std::uint32_t>(min),
                        static_cast<std::uint32_t>(max));
}

/// Digit strings of one length between two such strings, from position `at` on; a side that is not `tight`
/// has been passed already.
Node same_length(Grammar& grammar, std::string_view low, std::string_view high, std::size_t at,
                 bool tight_low, bool tight_high) {
  const std::size_t rest = low.size() - at;
  if (!tight_low && !tight_high) return any_digits(grammar, rest, rest);
  if (rest == 0) return grammar.empty();
  const char first = tight_low ? low[at] : '0';
  const char last = tight_high ? high[at] : '9';
  const auto follow = [&](char digit) {
    return grammar.sequence(
        {digits(grammar, digit, digit),
         same_length(grammar, low, high, at + 1, tight_low && digit == first, tight_high && digit == last)});
  };
  if (first == last) return follow(first);
  std::vector<Node> alternatives;
  char begin = first;
  char end = last;
  if (tight_low) alternatives.push_back(follow(begin++));
  if (tight_high) alternatives.push_back(follow(end--));
  if (begin <= end) {
    alternatives.push_back(
        grammar.sequence({digits(grammar, begin, end), any_digits(grammar, rest - 1, rest - 1)}));
  }
  return grammar.choice(std::move(alternatives));
}

/// Whole numbers that are not negative.
Node magnitude_range(Grammar& grammar, std::uint64_t low, std::uint64_t high) {
  std::vector<Node> alternatives;
  if (low == 0) {
    alternatives.push_back(grammar.literal("0"));
    low = 1;
  }
  std::size_t whole_lengths_begin = 0;  // neighbouring lengths of which all numbers are meant are one part
  std::size_t whole_lengths_end = 0;
  while (low <= high) {
    const std::string first = std::to_string(low);
    const std::uint64_t last_of_length = [&] {
      std::uint64_t last = 9;
      for (std::size_t i = 1; i < first.size(); ++i) last = last * 10 + 9;
      return last;
    }();
    const std::uint64_t last = std::min(high, last_of_length);
    if (last == last_of_length && low == (last_of_length / 10) + 1) {
      if (whole_lengths_begin == 0) whole_lengths_begin = first.size();
      whole_lengths_end = first.size();
    } else {
      alternatives.push_back(same_length(grammar, first, std::to_string(last), 0, true, true));
    }
    low = last + 1;
  }
  if (whole_lengths_begin != 0) {
    alternatives.push_back(grammar.sequence(
        {digits(grammar, '1', '9'), any_digits(grammar, whole_lengths_begin - 1, whole_lengths_end - 1)}));
  }
  return grammar.choice(std::move(alternatives));
}

/// The digits after the point of numbers between two fractions, each of which may be absent.
class FractionRange {
 public:
  FractionRange(Grammar& grammar, const DecimalBound* low, const DecimalBound* high, std::size_t digits)
      : grammar_(grammar), low_(low), high_(high), digits_(digits) {}

  /// The point and what follows, or nothing.
  Node run() {
    const bool tight_low = low_ != nullptr;
    const bool tight_high = high_ != nullptr;
    const Node fraction = grammar_.sequence({grammar_.literal("."), step(0, tight_low, tight_high)});
    return may_end(0, tight_low, tight_high) ? grammar_.optional(fraction) : fraction;
  }

 private:
  static char digit_of(const DecimalBound& bound, std::size_t at) {
    return at < bound.fraction.size() ? bound.fraction[at] : '0';
  }
  /// Whether zeros may be meant by the end.
  bool may_end(std::size_t at, bool tight_low, bool tight_high) const {
    if (tight_low && (at < low_->fraction.size() || low_->exclusive)) return false;
    return !tight_high || at < high_->fraction.size() || !high_->exclusive;
  }
  Node rest(std::size_t at, bool tight_low, bool tight_high) {
    if (!tight_low && !tight_high) return any_digits(grammar_, 0, digits_ - at);
    const Node more = step(at, tight_low, tight_high);
    return may_end(at, tight_low, tight_high) ? grammar_.optional(more) : more;
  }
  Node step(std::size_t at, bool tight_low, bool tight_high) {
    if (at >= digits_) return grammar_.never();
    const char first = tight_low ? digit_of(*low_, at) : '0';
    const char last = tight_high ? digit_of(*high_, at) : '9';
    std::vector<Node> alternatives;
    for (char digit = first; digit <= last; ++digit) {
      const bool stays_low = tight_low && digit == first;
      const bool stays_high = tight_high && digit == last;
      if (!stays_low && !stays_high) continue;
      alternatives.push_back(
          grammar_.sequence({digits(grammar_, digit, digit), rest(at + 1, stays_low, stays_high)}));
    }
    const char begin = static_cast<char>(tight_low ? first + 1 : first);
    const char end = static_cast<char>(tight_high ? last - 1 : last);
    if (begin <= end) {
      alternatives.push_back(
          grammar_.sequence({digits(grammar_, begin, end), any_digits(grammar_, 0, digits_ - at - 1)}));
    }
    return grammar_.choice(std::move(alternatives));
  }

  Grammar& grammar_;
  const DecimalBound* low_;
  const DecimalBound* high_;
  std::size_t digits_;
};

/// Numbers that are not negative, between two such bounds.
Node decimal_range(Grammar& grammar, const DecimalBound& low, const DecimalBound& high,
                   std::size_t fraction) {
  if (low.whole > high.whole) return grammar.never();
  const auto with = [&](std::uint64_t whole, const DecimalBound* from, const DecimalBound* to) {
    return grammar.sequence(
        {grammar.literal(std::to_string(whole)), FractionRange(grammar, from, to, fraction).run()});
  };
  if (low.whole == high.whole) {
    // With equal digits a bound that is passed must not be reached: compare what is left of both.
    if (low.fraction > high.fraction) return grammar.never();
    return with(low.whole, &low, &high);
  }
  std::vector<Node> alternatives{with(low.whole, &low, nullptr), with(high.whole, nullptr, &high)};
  if (low.whole + 1 < high.whole) {
    alternatives.push_back(grammar.sequence({magnitude_range(grammar, low.whole + 1, high.whole - 1),
                                             FractionRange(grammar, nullptr, nullptr, fraction).run()}));
  }
  return grammar.choice(std::move(alternatives));
}

}  // namespace

Node add_integer_range(Grammar& grammar, std::int64_t low, std::int64_t high) {
  std::vector<Node> alternatives;
  if (high >= 0) {
    alternatives.push_back(magnitude_range(grammar,
                                           static_cast<std::uint64_t>(std::max<std::int64_t>(low, 0)),
                                           static_cast<std::uint64_t>(high)));
  }
  if (low < 0) {
    const auto least = static_cast<std::uint64_t>(-std::min<std::int64_t>(high, -1));
    alternatives.push_back(grammar.sequence(
        {grammar.literal("-"), magnitude_range(grammar, least, static_cast<std::uint64_t>(-low))}));
  }
  return grammar.choice(std::move(alternatives));
}

std::optional<DecimalBound> DecimalBound::of(double value, bool exclusive) {
  if (!(std::fabs(value) <= static_cast<double>(kLargestWhole))) return std::nullopt;
  std::array<char, 400> buffer{};
  const auto written =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::fabs(value), std::chars_format::fixed);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(written.ptr - buffer.data()));
  const std::size_t point = std::min(text.find('.'), text.size());
  DecimalBound bound;
  bound.negative = value < 0;
  bound.exclusive = exclusive;
  std::from_chars(text.data(), text.data() + point, bound.whole);
  if (point < text.size()) bound.fraction = text.substr(point + 1);
  while (bound.fraction.ends_with('0')) bound.fraction.pop_back();
  if (bound.fraction.size() > kExactDigits + 2) return std::nullopt;
  return bound;
}

Node add_number_range(Grammar& grammar, const std::optional<DecimalBound>& low,
                      const std::optional<DecimalBound>& high) {
  std::size_t whole_digits = 1;
  std::size_t fraction = 1;
  for (const auto* bound : {&low, &high}) {
    if (!*bound) continue;
    whole_digits = std::max(whole_digits, std::to_string((*bound)->whole).size());
    fraction = std::max(fraction, (*bound)->fraction.size() + 1);
  }
  fraction = std::max(fraction, kExactDigits - std::min(whole_digits, kExactDigits));

  DecimalBound largest;
  largest.whole = kLargestWhole;
  DecimalBound zero;
  DecimalBound above_zero;  // so that "-0" is never written
  above_zero.exclusive = true;
  std::vector<Node> alternatives;
  if (!high || !high->negative) {
    alternatives.push_back(
        decimal_range(grammar, low && !low->negative ? *low : zero, high.value_or(largest), fraction));
  }
  if (!low || low->negative) {
    const Node magnitude =
        decimal_range(grammar, high && high->negative ? *high : above_zero, low.value_or(largest), fraction);
    alternatives.push_back(grammar.sequence({grammar.literal("-"), magnitude}));
  }
  return grammar.choice(std::move(alternatives));
}

}  // namespace axllama::text
