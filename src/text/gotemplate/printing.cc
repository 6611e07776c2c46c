#include "text/gotemplate/printing.h"

#include "base/utf8.h"
#include "text/gotemplate/error.h"
#include "text/gotemplate/limits.h"
#include "text/gotemplate/number_text.h"

namespace axllama::text::gotemplate {
namespace {

void write_json_string(std::string_view text, std::string& out) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const base::Utf8Character c = base::decode_utf8(text, at);
    switch (c.code_point) {
      case '"':
      case '\\':
        out += {'\\', text[at]};
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (!c.valid) {
          out += "\\ufffd";
        } else if (c.code_point < 0x20 || c.code_point == '<' || c.code_point == '>' || c.code_point == '&') {
          out += {'\\', 'u', '0', '0', kHex[c.code_point >> 4U], kHex[c.code_point & 0xFU]};
        } else if (c.code_point == 0x2028 || c.code_point == 0x2029) {
          out += c.code_point == 0x2028 ? "\\u2028" : "\\u2029";
        } else {
          out += text.substr(at, c.length);
        }
    }
    at += c.length;
  }
  out += '"';
}

void write_json(const Json& json, std::string& out, int depth) {
  if (depth > kMaxNesting || out.size() > kMaxOutputBytes) {
    fail(depth > kMaxNesting ? "a value is nested too deeply for JSON" : "a text is longer than the limit");
  }
  switch (json.type()) {
    case Json::value_t::string:
      write_json_string(json.get_ref<const std::string&>(), out);
      break;
    case Json::value_t::boolean:
      out += json.get<bool>() ? "true" : "false";
      break;
    case Json::value_t::number_integer:
      out += std::to_string(json.get<std::int64_t>());
      break;
    case Json::value_t::number_unsigned:
      out += std::to_string(json.get<std::uint64_t>());
      break;
    case Json::value_t::number_float: {
      const double value = json.get<double>();
      const int exponent = decimal_exponent(value);
      std::string text = float_characters(
          value, exponent < -6 || exponent >= 21 ? std::chars_format::scientific : std::chars_format::fixed);
      if (exponent < -6 && exponent > -10) {  // e-09 is written e-9
        text.erase(text.size() - 2, 1);
      }
      out += text;
      break;
    }
    case Json::value_t::array: {
      out += '[';
      bool first = true;
      for (const Json& item : json) {
        out += first ? "" : ",";
        first = false;
        write_json(item, out, depth + 1);
      }
      out += ']';
      break;
    }
    case Json::value_t::object: {
      out += '{';
      bool first = true;
      for (const auto& [key, value] : json.items()) {
        out += first ? "" : ",";
        first = false;
        write_json_string(key, out);
        out += ':';
        write_json(value, out, depth + 1);
      }
      out += '}';
      break;
    }
    default:
      out += "null";
  }
}

}  // namespace

std::string plain_text(const Value& value, int depth) {
  if (depth > kMaxNesting) {
    fail("a printed value is nested too deeply");
  }
  const Json& json = value.json();
  if (value.is_null()) {
    return "<nil>";
  }
  if (value.is_string()) {
    return value.text();
  }
  if (value.is_bool()) {
    return json.get<bool>() ? "true" : "false";
  }
  if (value.is_float()) {
    return shortest_float(json.get<double>());
  }
  if (!value.is_list() || value.as_json) {
    return json_text(json);
  }
  std::string out = "[";
  for (const Json& item : json) {
    out += out.size() == 1 ? "" : " ";
    out += plain_text(value.part(item), depth + 1);
  }
  return out + "]";
}

std::string print_value(const Value& value) {
  return value.is_null() ? "<no value>" : plain_text(value, 0);
}

std::string print_all(std::span<const Value> values) {
  std::string out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool strings = i == 0 || values[i].is_string() || values[i - 1].is_string();
    out += strings ? "" : " ";
    out += plain_text(values[i], 0);
  }
  return out;
}

std::string print_line(std::span<const Value> values) {
  std::string out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    out += i == 0 ? "" : " ";
    out += plain_text(values[i], 0);
  }
  return out + "\n";
}

std::string json_text(const Json& json) {
  std::string out;
  write_json(json, out, 0);
  return out;
}

}  // namespace axllama::text::gotemplate
