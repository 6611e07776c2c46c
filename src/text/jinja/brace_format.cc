#include "text/jinja/brace_format.h"

#include <algorithm>
#include <string_view>

#include "text/jinja/error.h"
#include "text/jinja/format_spec.h"
#include "text/jinja/subscript.h"
#include "text/jinja/text_form.h"

namespace axllama::text::jinja {
namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && text.size() < 10 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

class BraceFormatter {
 public:
  BraceFormatter(const Arguments& arguments, Runtime& runtime) : arguments_(arguments), runtime_(runtime) {}

  /// `nesting` 1: the format itself; 2: a specification within it, which may hold fields of its own.
  std::string expand(std::string_view format, int nesting) {
    if (nesting > 2) {
      fail("replacement fields are nested too deeply in the format");
    }
    std::string out;
    std::size_t at = 0;
    while (at < format.size()) {
      const std::size_t brace = std::min(format.find_first_of("{}", at), format.size());
      out += format.substr(at, brace - at);
      if (brace == format.size()) {
        break;
      }
      at = brace + 1;
      if (at < format.size() && format[at] == format[brace]) {
        out += format[at++];
        continue;
      }
      if (format[brace] == '}') {
        fail("a single '}' stands in the format");
      }
      const std::size_t end = closing_brace(format, at);
      out += field(format.substr(at, end - at), nesting);
      at = end + 1;
      runtime_.budget().step();
      runtime_.budget().expect_room(out.size());
    }
    return out;
  }

 private:
  static std::size_t closing_brace(std::string_view format, std::size_t at) {
    int open = 1;
    for (; at < format.size(); ++at) {
      open += format[at] == '{' ? 1 : (format[at] == '}' ? -1 : 0);
      if (open == 0) {
        return at;
      }
    }
    fail("the format lacks a '}'");
  }

  std::string field(std::string_view text, int nesting) {
    // NAME [!CONVERSION] [:SPECIFICATION]; brackets in NAME may hold either mark.
    std::size_t end = 0;
    for (bool in_brackets = false; end < text.size(); ++end) {
      const char c = text[end];
      in_brackets = c == '[' || (in_brackets && c != ']');
      if (!in_brackets && (c == '!' || c == ':')) {
        break;
      }
    }
    const Value value = lookup(text.substr(0, end));
    std::string_view rest = text.substr(end);
    char conversion = 0;
    if (!rest.empty() && rest.front() == '!') {
      if (rest.size() < 2 || (rest.size() > 2 && rest[2] != ':')) {
        fail("a conversion in the format is not one character");
      }
      conversion = rest[1];
      rest.remove_prefix(2);
    }
    const std::string specification = rest.empty() ? "" : expand(rest.substr(1), nesting + 1);
    const FormatSpec spec = parse_format_spec(specification);
    if (conversion == 0) {
      return format_value(value, spec, runtime_);
    }
    if (conversion != 's' && conversion != 'r' && conversion != 'a') {
      fail(std::string("'!") + conversion + "' is not a conversion");
    }
    const std::string converted = conversion == 's' ? to_text(value, runtime_) : to_repr(value, runtime_);
    return format_value(runtime_.text(converted), spec, runtime_);
  }

  Value lookup(std::string_view name) {
    const std::size_t first_end = std::min(name.find_first_of(".["), name.size());
    Value value = argument(name.substr(0, first_end));
    std::size_t at = first_end;
    while (at < name.size()) {
      if (name[at] == '.') {
        const std::size_t end = std::min(name.find_first_of(".[", at + 1), name.size());
        value = get_attribute(value, std::string(name.substr(at + 1, end - at - 1)), runtime_);
        at = end;
      } else if (name[at] == '[') {
        const std::size_t end = name.find(']', at);
        if (end == std::string_view::npos) {
          fail("the format lacks a ']'");
        }
        const std::string key(name.substr(at + 1, end - at - 1));
        value = get_item(value, is_digits(key) ? Value(std::int64_t{std::stoll(key)}) : runtime_.text(key),
                         runtime_);
        at = end + 1;
      } else {
        fail("only '.' or '[' may follow ']' in the format");
      }
    }
    return value;
  }

  Value argument(std::string_view name) {
    if (name.empty() || is_digits(name)) {
      const Numbering numbering = name.empty() ? Numbering::kAutomatic : Numbering::kManual;
      if (numbering_ != Numbering::kUnknown && numbering_ != numbering) {
        fail("the format mixes numbered and automatic fields");
      }
      numbering_ = numbering;
      const std::size_t index = name.empty() ? next_++ : std::stoul(std::string(name));
      if (index >= arguments_.positional.size()) {
        fail("the format needs argument " + std::to_string(index) + " but only " +
             std::to_string(arguments_.positional.size()) + " are given");
      }
      return arguments_.positional[index];
    }
    const auto found = std::find_if(arguments_.named.begin(), arguments_.named.end(),
                                    [&](const auto& argument) { return argument.first == name; });
    if (found == arguments_.named.end()) {
      fail("the format names the missing argument '" + std::string(name) + "'");
    }
    return found->second;
  }

  enum class Numbering : std::uint8_t { kUnknown, kAutomatic, kManual };

  const Arguments& arguments_;
  Runtime& runtime_;
  Numbering numbering_ = Numbering::kUnknown;
  std::size_t next_ = 0;
};

}  // namespace

std::string format_braces(const std::string& format, const Arguments& arguments, Runtime& runtime) {
  return BraceFormatter(arguments, runtime).expand(format, 1);
}

}  // namespace axllama::text::jinja
