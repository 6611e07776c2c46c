#include "text/jinja/string_split.h"

#include <algorithm>

#include "text/jinja/arguments.h"
#include "text/jinja/error.h"
#include "text/jinja/search.h"
#include "text/jinja/text_ops.h"
#include "text/jinja/unicode.h"

namespace axllama::text::jinja {
namespace {

using Pieces = std::vector<std::string_view>;

/// At runs of white space; `most` negative: without limit. The last piece keeps its inner and right-hand
/// space but not space alone.
Pieces split_at_space(std::string_view text, std::int64_t most) {
  Pieces pieces;
  text = strip_space(text, StripSides::kLeft);
  while (!text.empty()) {
    if (most == 0) {
      pieces.push_back(text);
      break;
    }
    --most;
    std::size_t end = 0;
    while (end < text.size()) {
      const CodePoint c = decode_code_point(text, end);
      if (is_space(c.value)) {
        break;
      }
      end += c.bytes;
    }
    pieces.push_back(text.substr(0, end));
    text = strip_space(text.substr(end), StripSides::kLeft);
  }
  return pieces;
}

Pieces rsplit_at_space(std::string_view text, std::int64_t most) {
  Pieces pieces;
  text = strip_space(text, StripSides::kRight);
  while (!text.empty()) {
    if (most == 0) {
      pieces.push_back(text);
      break;
    }
    --most;
    std::size_t begin = text.size();
    while (begin > 0) {
      const CodePoint c = decode_code_point_before(text, begin);
      if (is_space(c.value)) {
        break;
      }
      begin -= c.bytes;
    }
    pieces.push_back(text.substr(begin));
    text = strip_space(text.substr(0, begin), StripSides::kRight);
  }
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

Pieces split_at(std::string_view text, std::string_view separator, std::int64_t most) {
  Pieces pieces;
  for (; most != 0; --most) {
    const std::size_t at = find_text(text, separator);
    if (at == std::string_view::npos) {
      break;
    }
    pieces.push_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  pieces.push_back(text);
  return pieces;
}

Pieces rsplit_at(std::string_view text, std::string_view separator, std::int64_t most) {
  // From the right, occurrences may lie differently when they overlap, so both texts are searched backwards.
  const std::string reversed(text.rbegin(), text.rend());
  const std::string reversed_separator(separator.rbegin(), separator.rend());
  Pieces pieces;
  std::size_t from = 0;
  for (; most != 0; --most) {
    const std::size_t at = find_text(reversed, reversed_separator, from);
    if (at == std::string_view::npos) {
      break;
    }
    pieces.push_back(text.substr(text.size() - at, at - from));
    from = at + separator.size();
  }
  pieces.push_back(text.substr(0, text.size() - from));
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

Value as_list(const Pieces& pieces, Runtime& runtime) {
  runtime.budget().expect_room(pieces.size() * sizeof(StringData));
  std::vector<Value> items;
  items.reserve(pieces.size());
  for (const std::string_view piece : pieces) {
    items.push_back(runtime.text(std::string(piece)));
  }
  return runtime.list(std::move(items));
}

template <Pieces (*kAtSpace)(std::string_view, std::int64_t),
          Pieces (*kAt)(std::string_view, std::string_view, std::int64_t)>
Value split(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("split", arguments, {"sep", "maxsplit"}, 0);
  const std::int64_t most = bound.integer(1, -1);
  runtime.budget().work(self.text().size());
  if (!bound.has_value(0)) {
    return as_list(kAtSpace(self.text(), most), runtime);
  }
  const std::string& separator = expect_text(bound.at(0), "the separator of split()");
  if (separator.empty()) {
    fail("the separator of split() is empty");
  }
  return as_list(kAt(self.text(), separator, most), runtime);
}

}  // namespace

Value split_method(Runtime& runtime, const Value& self, const Arguments& arguments) {
  return split<split_at_space, split_at>(runtime, self, arguments);
}

Value rsplit_method(Runtime& runtime, const Value& self, const Arguments& arguments) {
  return split<rsplit_at_space, rsplit_at>(runtime, self, arguments);
}

Value splitlines_method(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("splitlines", arguments, {"keepends"}, 0);
  return as_list(split_lines(self.text(), bound.truth(0, false)), runtime);
}

}  // namespace axllama::text::jinja
