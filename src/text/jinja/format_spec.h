#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "text/jinja/runtime.h"

namespace axllama::text::jinja {

/// How one value is laid out: the parsed form of Python's format specification and of one printf directive.
struct FormatSpec {
  char32_t fill = ' ';
  char align = 0;  // '<', '>', '^', '=' (after the sign), or 0: by type
  char sign = '-';
  bool alternate = false;  // prefixes 0x, 0o, 0b
  char grouping = 0;       // ',' or '_' between thousands
  std::size_t width = 0;
  int precision = -1;  // -1: not given
  char type = 0;       // 0: by type
};

/// Width and precision beyond this fail: nothing sensible needs them.
inline constexpr std::size_t kMaxFormatWidth = 100'000;
inline constexpr int kMaxFormatPrecision = 1000;

/// Parses "[[fill]align][sign][#][0][width][grouping][.precision][type]"; fails on anything else.
FormatSpec parse_format_spec(std::string_view text);

/// The value laid out. Numbers take number types, strings "s"; other values take an empty specification only.
std::string format_value(const Value& value, const FormatSpec& spec, Runtime& runtime);

/// Pads `text` to the width; `default_align` when the specification has none.
std::string pad_text(const std::string& text, const FormatSpec& spec, char default_align);
std::string format_integer(std::int64_t value, const FormatSpec& spec);
std::string format_float(double value, const FormatSpec& spec);

}  // namespace axllama::text::jinja
