#include <algorithm>
#include <array>
#include <unordered_map>

#include "text/jinja/arguments.h"
#include "text/jinja/brace_format.h"
#include "text/jinja/error.h"
#include "text/jinja/iteration.h"
#include "text/jinja/methods.h"
#include "text/jinja/search.h"
#include "text/jinja/string_split.h"
#include "text/jinja/text_ops.h"
#include "text/jinja/unicode.h"

namespace axllama::text::jinja {
namespace {

using Transform = std::string (*)(std::string_view);

template <Transform kTransform>
Value transformed(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("the method", arguments, {}, 0);
  return runtime.text(kTransform(self.text()));
}

std::string swapped_case(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_code_point(text, i);
    const std::string_view one = text.substr(i, c.bytes);
    out += is_upper(c.value) ? to_lower(one) : (is_lower(c.value) ? to_upper(one) : std::string(one));
    i += c.bytes;
  }
  return out;
}

/// Lower case for comparisons: the sharp s becomes "ss" and a final sigma an ordinary one.
std::string folded_case(std::string_view text) {
  const std::string lower = replace_text(to_lower(text), "\u00DF", "ss", -1);
  return replace_text(lower, "\u03C2", "\u03C3", -1);
}

template <StripSides kSides>
Value stripped(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("strip", arguments, {"chars"}, 0);
  const std::string_view result = bound.has_value(0)
                                      ? strip(self.text(), expect_text(bound.at(0), "chars"), kSides)
                                      : strip_space(self.text(), kSides);
  return runtime.text(std::string(result));
}

/// The part of the text that optional start and end arguments, in code points, leave to search.
struct Window {
  std::string_view text;
  std::size_t start;  // in code points
  bool valid;         // whether the start is not beyond the text or the end
};

Window window_of(const Value& self, const BoundArguments& bound) {
  const std::string& text = self.text();
  const auto length = static_cast<std::int64_t>(self.as_string()->length());
  const auto part = [&](std::size_t index, std::int64_t otherwise) {
    const std::int64_t given = bound.has_value(index) ? expect_integer(bound.at(index)) : otherwise;
    return given < 0 ? std::max<std::int64_t>(0, given < -length ? 0 : given + length) : given;
  };
  const std::int64_t start = part(1, 0);
  const std::int64_t end = std::min(part(2, length), length);
  if (start > end) {
    return {{}, 0, false};
  }
  const std::size_t begin = byte_offset(text, static_cast<std::size_t>(start));
  const std::string_view rest = std::string_view(text).substr(begin);
  return {rest.substr(0, byte_offset(rest, static_cast<std::size_t>(end - start))),
          static_cast<std::size_t>(start), true};
}

template <bool kLast>
std::int64_t position(Runtime& runtime, const Value& self, const Arguments& arguments, const char* name) {
  const BoundArguments bound(name, arguments, {"sub", "start", "end"}, 1);
  const std::string& part = expect_text(bound.at(0), std::string(name) + "() argument 1");
  runtime.budget().work(self.text().size() + part.size());
  const Window window = window_of(self, bound);
  if (!window.valid) {
    return -1;
  }
  const std::size_t found = kLast ? find_last_text(window.text, part) : find_text(window.text, part);
  if (found == std::string_view::npos) {
    return -1;
  }
  return static_cast<std::int64_t>(window.start + count_code_points(window.text.substr(0, found)));
}

template <bool kLast>
Value find(Runtime& runtime, const Value& self, const Arguments& arguments) {
  return Value(position<kLast>(runtime, self, arguments, kLast ? "rfind" : "find"));
}

template <bool kLast>
Value index(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const std::int64_t at = position<kLast>(runtime, self, arguments, kLast ? "rindex" : "index");
  if (at < 0) {
    fail("the substring is not found");
  }
  return Value(at);
}

Value count(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("count", arguments, {"sub", "start", "end"}, 1);
  const std::string& part = expect_text(bound.at(0), "count() argument 1");
  runtime.budget().work(self.text().size());
  const Window window = window_of(self, bound);
  return Value(window.valid ? static_cast<std::int64_t>(count_text(window.text, part)) : std::int64_t{0});
}

template <bool kEnd>
Value has_affix(Runtime& /*runtime*/, const Value& self, const Arguments& arguments) {
  const char* name = kEnd ? "endswith" : "startswith";
  const BoundArguments bound(name, arguments, {"affix", "start", "end"}, 1);
  const Window window = window_of(self, bound);
  const auto matches = [&](const Value& affix) {
    const std::string& text = expect_text(affix, std::string(name) + "() argument 1");
    return window.valid && (kEnd ? window.text.ends_with(text) : window.text.starts_with(text));
  };
  if (bound.at(0).is(ObjectKind::kTuple)) {
    const auto& affixes = bound.at(0).as<Tuple>().items;
    return Value(std::any_of(affixes.begin(), affixes.end(), matches));
  }
  return Value(matches(bound.at(0)));
}

Value replace(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("replace", arguments, {"old", "new", "count"}, 2);
  return replaced(self.text(), expect_text(bound.at(0), "replace() argument 1"),
                  expect_text(bound.at(1), "replace() argument 2"), bound.integer(2, -1), runtime);
}

Value join(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("join", arguments, {"iterable"}, 1);
  if (!is_iterable(bound.at(0))) {
    fail("join() needs something iterable, not '" + std::string(type_name(bound.at(0))) + "'");
  }
  const std::vector<Value> items = items_of(bound.at(0), runtime);
  std::string out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string& item = expect_text(items[i], "item " + std::to_string(i) + " of join()");
    runtime.budget().expect_room(out.size() + self.text().size() + item.size());
    out += i == 0 ? "" : self.text();
    out += item;
  }
  return runtime.text(std::move(out));
}

template <bool kEnd>
Value without_affix(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound(kEnd ? "removesuffix" : "removeprefix", arguments, {"affix"}, 1);
  const std::string& affix = expect_text(bound.at(0), "the affix");
  std::string_view text = self.text();
  if (kEnd ? text.ends_with(affix) : text.starts_with(affix)) {
    kEnd ? text.remove_suffix(affix.size()) : text.remove_prefix(affix.size());
  }
  return runtime.text(std::string(text));
}

template <bool kLast>
Value partition(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound(kLast ? "rpartition" : "partition", arguments, {"sep"}, 1);
  const std::string& separator = expect_text(bound.at(0), "the separator");
  if (separator.empty()) {
    fail("the separator is empty");
  }
  const std::string& text = self.text();
  const std::size_t at = kLast ? find_last_text(text, separator) : find_text(text, separator);
  if (at == std::string::npos) {
    const Value nothing = runtime.text("");
    return kLast ? runtime.tuple({nothing, nothing, self}) : runtime.tuple({self, nothing, nothing});
  }
  return runtime.tuple({runtime.text(text.substr(0, at)), runtime.text(separator),
                        runtime.text(text.substr(at + separator.size()))});
}

template <Justify kSide>
Value justify(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("the method", arguments, {"width", "fillchar"}, 1);
  const std::string fill = bound.has(1) ? expect_text(bound.at(1), "the fill character") : " ";
  if (count_code_points(fill) != 1) {
    fail("the fill character must be exactly one character");
  }
  return justified(self.text(), expect_integer(bound.at(0)), fill, kSide, runtime);
}

Value zfill(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("zfill", arguments, {"width"}, 1);
  const std::string& text = self.text();
  const bool has_sign = !text.empty() && (text[0] == '-' || text[0] == '+');
  const std::int64_t width = expect_integer(bound.at(0)) - (has_sign ? 1 : 0);
  const Value digits = justified(text.substr(has_sign ? 1 : 0), width, "0", Justify::kRight, runtime);
  return has_sign ? runtime.text(text[0] + digits.text()) : digits;
}

Value format(Runtime& runtime, const Value& self, const Arguments& arguments) {
  return runtime.text(format_braces(self.text(), arguments, runtime));
}

Value expand_tabs(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("expandtabs", arguments, {"tabsize"}, 0);
  const std::int64_t size = std::clamp<std::int64_t>(bound.integer(0, 8), 0, 1000);
  std::string out;
  std::int64_t column = 0;
  for (const char c : self.text()) {
    if (c == '\t') {
      const std::int64_t blanks = size == 0 ? 0 : size - column % size;
      runtime.budget().expect_room(out.size() + static_cast<std::size_t>(blanks));
      out.append(static_cast<std::size_t>(blanks), ' ');
      column += blanks;
    } else {
      out += c;
      // Bytes that continue a code point take no column of their own.
      column =
          c == '\n' || c == '\r' ? 0 : column + ((static_cast<unsigned char>(c) & 0xC0U) == 0x80U ? 0 : 1);
    }
  }
  return runtime.text(std::move(out));
}

using Class = bool (*)(char32_t);

/// Every character is of the class, and there is at least one.
template <Class kClass>
Value all_of_class(Runtime& /*runtime*/, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("the method", arguments, {}, 0);
  const std::u32string points = decode(self.text());
  return Value(!points.empty() && std::all_of(points.begin(), points.end(), kClass));
}

bool alpha(char32_t c) {
  return is_alpha(c);
}
bool alnum(char32_t c) {
  return is_alnum(c);
}
bool decimal(char32_t c) {
  return is_decimal(c);
}
bool digit(char32_t c) {
  return is_digit(c);
}
bool numeric(char32_t c) {
  return is_numeric(c);
}
bool space(char32_t c) {
  return is_space(c);
}
bool upper(char32_t c) {
  return is_upper(c);
}
bool lower(char32_t c) {
  return is_lower(c);
}

template <Class kIs, Class kIsNot>
Value cased(Runtime& /*runtime*/, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("the method", arguments, {}, 0);
  const std::u32string points = decode(self.text());
  return Value(
      std::any_of(points.begin(), points.end(), kIs) &&
      std::none_of(points.begin(), points.end(), [](char32_t c) { return kIsNot(c) || is_titlecase(c); }));
}

Value is_title(Runtime& /*runtime*/, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("istitle", arguments, {}, 0);
  bool any = false;
  bool in_word = false;
  for (const char32_t c : decode(self.text())) {
    const bool starts = is_upper(c) || is_titlecase(c);
    if ((starts && in_word) || (is_lower(c) && !in_word)) {
      return Value(false);
    }
    in_word = starts || is_lower(c);
    any |= in_word;
  }
  return Value(any);
}

Value is_ascii(Runtime& /*runtime*/, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("isascii", arguments, {}, 0);
  return Value(std::all_of(self.text().begin(), self.text().end(),
                           [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
}

Value is_printable_text(Runtime& /*runtime*/, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("isprintable", arguments, {}, 0);
  const std::u32string points = decode(self.text());
  return Value(std::all_of(points.begin(), points.end(), [](char32_t c) { return is_printable(c); }));
}

Value is_identifier(Runtime& /*runtime*/, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("isidentifier", arguments, {}, 0);
  const std::u32string points = decode(self.text());
  return Value(!points.empty() && is_identifier_start(points.front()) &&
               std::all_of(points.begin(), points.end(), [](char32_t c) { return is_identifier_part(c); }));
}

constexpr std::array kStringMethods = {
    Method{"strip", stripped<StripSides::kBoth>},
    Method{"lstrip", stripped<StripSides::kLeft>},
    Method{"rstrip", stripped<StripSides::kRight>},
    Method{"split", split_method},
    Method{"rsplit", rsplit_method},
    Method{"splitlines", splitlines_method},
    Method{"startswith", has_affix<false>},
    Method{"endswith", has_affix<true>},
    Method{"find", find<false>},
    Method{"rfind", find<true>},
    Method{"index", index<false>},
    Method{"rindex", index<true>},
    Method{"count", count},
    Method{"replace", replace},
    Method{"join", join},
    Method{"format", format},
    Method{"removeprefix", without_affix<false>},
    Method{"removesuffix", without_affix<true>},
    Method{"partition", partition<false>},
    Method{"rpartition", partition<true>},
    Method{"upper", transformed<to_upper>},
    Method{"lower", transformed<to_lower>},
    Method{"capitalize", transformed<to_capitalized>},
    Method{"title", transformed<to_title>},
    Method{"swapcase", transformed<swapped_case>},
    Method{"casefold", transformed<folded_case>},
    Method{"center", justify<Justify::kCenter>},
    Method{"ljust", justify<Justify::kLeft>},
    Method{"rjust", justify<Justify::kRight>},
    Method{"zfill", zfill},
    Method{"expandtabs", expand_tabs},
    Method{"isalpha", all_of_class<alpha>},
    Method{"isalnum", all_of_class<alnum>},
    Method{"isdecimal", all_of_class<decimal>},
    Method{"isdigit", all_of_class<digit>},
    Method{"isnumeric", all_of_class<numeric>},
    Method{"isspace", all_of_class<space>},
    Method{"isupper", cased<upper, lower>},
    Method{"islower", cased<lower, upper>},
    Method{"istitle", is_title},
    Method{"isascii", is_ascii},
    Method{"isprintable", is_printable_text},
    Method{"isidentifier", is_identifier},
};

}  // namespace

const Method* find_string_method(std::string_view name) noexcept {
  const auto* const found = std::find_if(kStringMethods.begin(), kStringMethods.end(),
                                         [&](const Method& each) { return each.name == name; });
  return found == kStringMethods.end() ? nullptr : found;
}

}  // namespace axllama::text::jinja
