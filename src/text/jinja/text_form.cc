#include "text/jinja/text_form.h"

#include <array>
#include <charconv>
#include <cmath>

#include "text/jinja/error.h"
#include "text/jinja/loop.h"
#include "text/jinja/macro.h"
#include "text/jinja/unicode.h"

namespace axllama::text::jinja {
namespace {

class ReprWriter {
 public:
  ReprWriter(std::string& out, Runtime& runtime) : out_(out), runtime_(runtime) {}

  void write(const Value& value) {
    const DepthGuard guard(depth_, runtime_.budget().limits().max_data_depth, "printed values are");
    runtime_.budget().step();
    runtime_.budget().expect_room(out_.size());
    if (value.is_undefined()) {
      out_ += "Undefined";
    } else if (value.is_none()) {
      out_ += "None";
    } else if (value.is_bool()) {
      out_ += value.as_bool() ? "True" : "False";
    } else if (value.is_int()) {
      out_ += std::to_string(value.as_int());
    } else if (value.is_float()) {
      out_ += float_text(value.as_float());
    } else if (value.is_string()) {
      runtime_.budget().work(value.text().size());
      out_ += quoted_text(value.text());
    } else {
      write_object(value);
    }
  }

 private:
  void write_object(const Value& value) {
    switch (value.object()->kind()) {
      case ObjectKind::kList:
        write_items(value.as<List>().items, "[", "]");
        break;
      case ObjectKind::kTuple: {
        const auto& items = value.as<Tuple>().items;
        write_items(items, "(", items.size() == 1 ? ",)" : ")");
        break;
      }
      case ObjectKind::kDict:
        write_dict(value.as<Dict>());
        break;
      case ObjectKind::kNamespace:
        out_ += "<Namespace ";
        write_dict(value.as<Namespace>().attributes);
        out_ += ">";
        break;
      case ObjectKind::kRange:
        write_range(value.as<Range>());
        break;
      case ObjectKind::kDictView:
        write_view(value.as<DictView>());
        break;
      case ObjectKind::kFunction:
        out_ += "<function " + std::string(value.as<Function>().name) + ">";
        break;
      case ObjectKind::kMacro:
        out_ += "<Macro " + value.as<Macro>().quoted_name() + ">";
        break;
      case ObjectKind::kLoop:
        out_ += "<LoopContext " + value.as<Loop>().progress() + ">";
        break;
      default:
        out_ += "<" + std::string(type_name(value)) + " object>";
    }
  }

  void write_items(const std::vector<Value>& items, const char* open, const char* close) {
    out_ += open;
    for (std::size_t i = 0; i < items.size(); ++i) {
      out_ += i == 0 ? "" : ", ";
      write(items[i]);
    }
    out_ += close;
  }

  void write_dict(const Dict& dict) {
    out_ += "{";
    const char* separator = "";
    for (const auto& [key, value] : dict.entries()) {
      out_ += separator;
      separator = ", ";
      write(key);
      out_ += ": ";
      write(value);
    }
    out_ += "}";
  }

  void write_range(const Range& range) {
    out_ += "range(" + std::to_string(range.start) + ", " + std::to_string(range.stop);
    out_ += range.step == 1 ? ")" : ", " + std::to_string(range.step) + ")";
  }

  void write_view(const DictView& view) {
    const char* separator = "";
    const bool items = view.part == DictView::Part::kItems;
    out_ += items ? "dict_items([" : (view.part == DictView::Part::kKeys ? "dict_keys([" : "dict_values([");
    for (const auto& [key, value] : view.dict.entries()) {
      out_ += separator;
      separator = ", ";
      out_ += items ? "(" : "";
      if (view.part != DictView::Part::kValues) {
        write(key);
      }
      out_ += items ? ", " : "";
      if (view.part != DictView::Part::kKeys) {
        write(value);
      }
      out_ += items ? ")" : "";
    }
    out_ += "])";
  }

  std::string& out_;
  Runtime& runtime_;
  int depth_ = 0;
};

void append_hex(std::string& out, char prefix, char32_t value, int digits) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  out += '\\';
  out += prefix;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out += kHex[(value >> static_cast<unsigned>(shift)) & 0xFU];
  }
}

}  // namespace

void append_text(std::string& out, const Value& value, Runtime& runtime) {
  if (value.is_string()) {
    runtime.budget().work(value.text().size());
    runtime.budget().expect_room(out.size() + value.text().size());
    out += value.text();
  } else if (!value.is_undefined()) {
    ReprWriter(out, runtime).write(value);
  }
}

std::string to_text(const Value& value, Runtime& runtime) {
  std::string out;
  append_text(out, value, runtime);
  return out;
}

std::string to_repr(const Value& value, Runtime& runtime) {
  std::string out;
  ReprWriter(out, runtime).write(value);
  return out;
}

std::string float_text(double value) {
  if (std::isnan(value)) {
    return "nan";
  }
  if (std::isinf(value)) {
    return value < 0 ? "-inf" : "inf";
  }
  // Shortest digits as D.DDDe±XX; then laid out as Python does: plain from 1e-4 up to, but not including,
  // 1e16.
  std::array<char, 32> buffer{};
  const auto result =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  const std::string_view scientific(buffer.data(), static_cast<std::size_t>(result.ptr - buffer.data()));
  const std::size_t mark = scientific.find('e');
  const int exponent = std::stoi(std::string(scientific.substr(mark + 1)));
  if (exponent < -4 || exponent >= 16) {
    return std::string(scientific);
  }
  std::string digits;
  for (const char c : scientific.substr(0, mark)) {
    if (c >= '0' && c <= '9') {
      digits += c;
    }
  }
  std::string out = std::signbit(value) ? "-" : "";
  if (exponent < 0) {
    return out + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  }
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) {
    return out + digits + std::string(whole - digits.size(), '0') + ".0";
  }
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string quoted_text(std::string_view text) {
  const bool double_quotes =
      text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
  const char quote = double_quotes ? '"' : '\'';
  std::string out(1, quote);
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_code_point(text, i);
    if (c.value == static_cast<char32_t>(quote) || c.value == '\\') {
      out += '\\';
      out += static_cast<char>(c.value);
    } else if (c.value == '\n') {
      out += "\\n";
    } else if (c.value == '\r') {
      out += "\\r";
    } else if (c.value == '\t') {
      out += "\\t";
    } else if (is_printable(c.value)) {
      out += text.substr(i, c.bytes);
    } else if (c.value < 0x100) {
      append_hex(out, 'x', c.value, 2);
    } else if (c.value < 0x10000) {
      append_hex(out, 'u', c.value, 4);
    } else {
      append_hex(out, 'U', c.value, 8);
    }
    i += c.bytes;
  }
  return out + quote;
}

}  // namespace axllama::text::jinja
