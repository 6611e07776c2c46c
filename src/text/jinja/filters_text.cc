#include <algorithm>
#include <array>

#include "text/jinja/arguments.h"
#include "text/jinja/error.h"
#include "text/jinja/filter_groups.h"
#include "text/jinja/iteration.h"
#include "text/jinja/json_form.h"
#include "text/jinja/printf_format.h"
#include "text/jinja/search.h"
#include "text/jinja/text_form.h"
#include "text/jinja/text_ops.h"
#include "text/jinja/unicode.h"

namespace axllama::text::jinja {
namespace {

Value upper(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("upper", arguments, {}, 0);
  return runtime.text(to_upper(to_text(input, runtime)));
}

Value lower(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("lower", arguments, {}, 0);
  return runtime.text(to_lower(to_text(input, runtime)));
}

Value capitalize(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("capitalize", arguments, {}, 0);
  return runtime.text(to_capitalized(to_text(input, runtime)));
}

/// Unlike str.title(), letters after an apostrophe stay small.
Value title(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("title", arguments, {}, 0);
  const std::string text = to_text(input, runtime);
  const auto separates = [](char32_t c) {
    return is_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
  };
  std::string out;
  for (std::size_t begin = 0; begin < text.size();) {
    const CodePoint first = decode_code_point(text, begin);
    std::size_t end = begin + first.bytes;
    while (end < text.size()) {
      const CodePoint c = decode_code_point(text, end);
      if (separates(c.value) != separates(first.value)) {
        break;
      }
      end += c.bytes;
    }
    const std::string_view word = std::string_view(text).substr(begin, end - begin);
    out += to_upper(word.substr(0, first.bytes));
    out += to_lower(word.substr(first.bytes));
    begin = end;
  }
  return runtime.text(std::move(out));
}

Value trim(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("trim", arguments, {"chars"}, 0);
  const std::string text = to_text(input, runtime);
  const std::string_view stripped = bound.has_value(0)
                                        ? strip(text, expect_text(bound.at(0), "chars"), StripSides::kBoth)
                                        : strip_space(text, StripSides::kBoth);
  return runtime.text(std::string(stripped));
}

Value replace(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("replace", arguments, {"old", "new", "count"}, 2);
  const std::string text = to_text(input, runtime);
  const std::int64_t count = bound.has_value(2) ? expect_integer(bound.at(2)) : -1;
  return replaced(text, to_text(bound.at(0), runtime), to_text(bound.at(1), runtime), count, runtime);
}

Value string(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("string", arguments, {}, 0);
  return input.is_string() ? input : runtime.text(to_text(input, runtime));
}

Value escape(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("escape", arguments, {}, 0);
  const std::string text = to_text(input, runtime);
  runtime.budget().expect_room(text.size() * 5);
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return runtime.text(std::move(out));
}

Value format(Runtime& runtime, const Value& input, const Arguments& arguments) {
  if (!arguments.positional.empty() && !arguments.named.empty()) {
    fail("format() takes arguments by position or by name, not both");
  }
  const std::string text = to_text(input, runtime);
  if (arguments.named.empty()) {
    return runtime.text(format_printf(text, runtime.tuple(arguments.positional), runtime));
  }
  Dict* values = runtime.dict();
  for (const auto& [name, value] : arguments.named) {
    values->set(runtime.text(name), value, runtime.budget());
  }
  return runtime.text(format_printf(text, Value(values), runtime));
}

Value indent(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("indent", arguments, {"width", "first", "blank"}, 0);
  if (input.is_undefined()) {
    input.fail_undefined();
  }
  const std::string& text = expect_text(input, "the input of indent()");
  std::string indentation;
  if (bound.has(0) && bound.at(0).is_string()) {
    indentation = bound.at(0).text();
  } else {
    const std::int64_t width = bound.integer(0, 4);
    runtime.budget().expect_room(width > 0 ? static_cast<std::size_t>(width) : 0);
    indentation.assign(width > 0 ? static_cast<std::size_t>(width) : 0, ' ');
  }
  const bool first = bound.truth(1, false);
  const bool blank = bound.truth(2, false);
  // One line more than splitlines() gives when the text ends with a line end.
  std::vector<std::string_view> lines = split_lines(text, false);
  if (text.empty() || ends_with_line_end(text)) {
    lines.emplace_back();
  }
  std::string out = first ? indentation : "";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i != 0) {
      out += '\n';
      out += blank || !lines[i].empty() ? indentation : "";
    }
    out += lines[i];
    runtime.budget().expect_room(out.size() + indentation.size());
  }
  return runtime.text(std::move(out));
}

Value center(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("center", arguments, {"width"}, 0);
  return justified(to_text(input, runtime), bound.integer(0, 80), " ", Justify::kCenter, runtime);
}

Value truncate(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("truncate", arguments, {"length", "killwords", "end", "leeway"}, 0);
  const auto size = length_of(input);
  if (!size) {
    fail("'" + std::string(type_name(input)) + "' has no length");
  }
  const std::int64_t length = bound.integer(0, 255);
  const std::string end = bound.has(2) ? expect_text(bound.at(2), "end") : "...";
  const std::int64_t leeway = bound.has_value(3) ? expect_integer(bound.at(3)) : 5;
  const auto end_length = static_cast<std::int64_t>(count_code_points(end));
  if (length < end_length || leeway < 0) {
    fail("truncate() needs a length of at least " + std::to_string(end_length) + " and no negative leeway");
  }
  if (static_cast<std::int64_t>(*size) - leeway <= length) {
    return input;
  }
  const std::string& text = expect_text(input, "the input of truncate()");
  std::string kept = text.substr(0, byte_offset(text, static_cast<std::size_t>(length - end_length)));
  if (!bound.truth(1, false)) {
    kept.resize(std::min(kept.rfind(' '), kept.size()));
  }
  return runtime.text(kept + end);
}

Value wordcount(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("wordcount", arguments, {}, 0);
  const std::string text = to_text(input, runtime);
  std::int64_t words = 0;
  bool inside = false;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_code_point(text, i);
    const bool part = is_alnum(c.value) || c.value == '_';
    words += part && !inside ? 1 : 0;
    inside = part;
    i += c.bytes;
  }
  return Value(words);
}

Value tojson(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"}, 0);
  JsonStyle style;
  style.ensure_ascii = bound.truth(0, false);
  style.sort_keys = bound.truth(3, false);
  if (bound.has_value(1)) {
    style.indented = true;
    style.item_separator = ",";
    if (bound.at(1).is_string()) {
      style.indent = bound.at(1).text();
    } else {
      const std::int64_t width = std::max<std::int64_t>(0, expect_integer(bound.at(1)));
      runtime.budget().expect_room(static_cast<std::size_t>(width));
      style.indent.assign(static_cast<std::size_t>(width), ' ');
    }
  }
  if (bound.has_value(2)) {
    const Value& pair = bound.at(2);
    const auto* items = pair.is(ObjectKind::kTuple)  ? &pair.as<Tuple>().items
                        : pair.is(ObjectKind::kList) ? &pair.as<List>().items
                                                     : nullptr;
    if (items == nullptr || items->size() != 2) {
      fail("tojson() needs separators as a pair of strings");
    }
    style.item_separator = expect_text((*items)[0], "a separator of tojson()");
    style.key_separator = expect_text((*items)[1], "a separator of tojson()");
  }
  return runtime.text(to_json_text(input, style, runtime));
}

}  // namespace

std::span<const NamedFilter> text_filters() {
  static constexpr std::array kFilters = {
      NamedFilter{"upper", upper},
      NamedFilter{"lower", lower},
      NamedFilter{"capitalize", capitalize},
      NamedFilter{"title", title},
      NamedFilter{"trim", trim},
      NamedFilter{"replace", replace},
      NamedFilter{"string", string},
      NamedFilter{"safe", string},
      NamedFilter{"escape", escape},
      NamedFilter{"e", escape},
      NamedFilter{"forceescape", escape},
      NamedFilter{"format", format},
      NamedFilter{"indent", indent},
      NamedFilter{"center", center},
      NamedFilter{"truncate", truncate},
      NamedFilter{"wordcount", wordcount},
      NamedFilter{"tojson", tojson},
  };
  return kFilters;
}

}  // namespace axllama::text::jinja
