#include "text/jinja/text_ops.h"

#include <algorithm>

#include "text/jinja/search.h"
#include "text/jinja/unicode.h"

namespace axllama::text::jinja {
namespace {

bool is_line_end(char32_t c) {
  return c == '\n' || c == '\r' || c == 0x0B || c == 0x0C || (c >= 0x1C && c <= 0x1E) || c == 0x85 ||
         c == 0x2028 || c == 0x2029;
}

template <typename Drop>
std::string_view strip_where(std::string_view text, StripSides sides, const Drop& drop) {
  std::size_t begin = 0;
  std::size_t end = text.size();
  while (sides != StripSides::kRight && begin < end) {
    const CodePoint c = decode_code_point(text, begin);
    if (!drop(c.value)) {
      break;
    }
    begin += c.bytes;
  }
  while (sides != StripSides::kLeft && end > begin) {
    const CodePoint c = decode_code_point_before(text, end);
    if (!drop(c.value)) {
      break;
    }
    end -= c.bytes;
  }
  return text.substr(begin, end - begin);
}

}  // namespace

std::string_view strip_space(std::string_view text, StripSides sides) {
  return strip_where(text, sides, [](char32_t c) { return is_space(c); });
}

std::string_view strip(std::string_view text, std::string_view set, StripSides sides) {
  std::u32string points = decode(set);
  std::sort(points.begin(), points.end());
  return strip_where(text, sides,
                     [&](char32_t c) { return std::binary_search(points.begin(), points.end(), c); });
}

std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    std::size_t next = text.size();
    for (std::size_t i = begin;;) {
      if (i >= text.size()) {
        end = text.size();
        break;
      }
      const CodePoint c = decode_code_point(text, i);
      if (is_line_end(c.value)) {
        end = i;
        next = i + c.bytes + (c.value == '\r' && text.substr(i + 1, 1) == "\n" ? 1 : 0);
        break;
      }
      i += c.bytes;
    }
    lines.push_back(text.substr(begin, (keep_ends ? next : end) - begin));
    begin = next;
  }
  return lines;
}

bool ends_with_line_end(std::string_view text) {
  return !text.empty() && is_line_end(decode_code_point_before(text, text.size()).value);
}

Value replaced(const std::string& text, const std::string& part, const std::string& by, std::int64_t most,
               Runtime& runtime) {
  runtime.budget().work(text.size());
  runtime.budget().expect_room(replaced_size(text, part, by, most));
  return runtime.text(replace_text(text, part, by, most));
}

Value justified(const std::string& text, std::int64_t width, const std::string& fill, Justify side,
                Runtime& runtime) {
  const auto length = static_cast<std::int64_t>(count_code_points(text));
  if (width <= length) {
    return runtime.text(text);
  }
  const std::int64_t missing = width - length;
  runtime.budget().expect_room(static_cast<std::size_t>(missing));
  // An odd blank goes to the left when the width is odd, too.
  const std::int64_t left = side == Justify::kLeft    ? 0
                            : side == Justify::kRight ? missing
                                                      : missing / 2 + (missing & width & 1);
  std::string out;
  for (std::int64_t i = 0; i < left; ++i) {
    out += fill;
  }
  out += text;
  for (std::int64_t i = left; i < missing; ++i) {
    out += fill;
  }
  return runtime.text(std::move(out));
}

}  // namespace axllama::text::jinja
