#include "text/gotemplate/functions.h"

#include <algorithm>
#include <array>
#include <compare>
#include <ctime>
#include <limits>

#include "base/utf8.h"
#include "text/gotemplate/error.h"
#include "text/gotemplate/printing.h"

namespace axllama::text::gotemplate {
namespace {

using Arguments = std::span<const Value>;

Value boolean(bool value) {
  return Value::own(Json(value));
}
Value text(std::string value) {
  return Value::own(Json(std::move(value)));
}

Value logical_not(const FunctionContext& /*context*/, Arguments arguments) {
  return boolean(!is_true(arguments[0]));
}

[[noreturn]] void fail_comparison(const Value& left, const Value& right) {
  fail("'" + std::string(type_name(left)) + "' and '" + std::string(type_name(right)) +
       "' cannot be compared");
}

/// Values of one comparable type; nothing for those without an order.
std::strong_ordering order(const Value& left, const Value& right) {
  if (left.is_string() && right.is_string()) {
    return left.text().compare(right.text()) <=> 0;
  }
  if (left.is_integer() && right.is_integer()) {
    return left.integer() <=> right.integer();
  }
  if (left.is_float() && right.is_float()) {
    const auto l = left.json().get<double>();
    const auto r = right.json().get<double>();
    return l < r ? std::strong_ordering::less
                 : (l == r ? std::strong_ordering::equal : std::strong_ordering::greater);
  }
  fail_comparison(left, right);
}

bool equal(const Value& left, const Value& right) {
  if (left.is_null() || right.is_null()) {
    return left.is_null() && right.is_null();
  }
  if (left.is_bool() && right.is_bool()) {
    return left.json().get<bool>() == right.json().get<bool>();
  }
  return order(left, right) == std::strong_ordering::equal;
}

Value eq(const FunctionContext& /*context*/, Arguments arguments) {
  return boolean(std::any_of(arguments.begin() + 1, arguments.end(),
                             [&](const Value& other) { return equal(arguments[0], other); }));
}

Value ne(const FunctionContext& /*context*/, Arguments arguments) {
  return boolean(!equal(arguments[0], arguments[1]));
}

Value lt(const FunctionContext& /*context*/, Arguments arguments) {
  return boolean(std::is_lt(order(arguments[0], arguments[1])));
}

Value le(const FunctionContext& /*context*/, Arguments arguments) {
  return boolean(std::is_lteq(order(arguments[0], arguments[1])));
}

Value gt(const FunctionContext& /*context*/, Arguments arguments) {
  return boolean(std::is_gt(order(arguments[0], arguments[1])));
}

Value ge(const FunctionContext& /*context*/, Arguments arguments) {
  return boolean(std::is_gteq(order(arguments[0], arguments[1])));
}

std::int64_t size_of(const Value& value, const char* function) {
  if (value.is_string()) {
    return static_cast<std::int64_t>(value.text().size());
  }
  if (!value.is_list() && !value.is_map()) {
    fail(std::string(function) + " is not defined for '" + std::string(type_name(value)) + "'");
  }
  return static_cast<std::int64_t>(value.json().size());
}

Value length(const FunctionContext& /*context*/, Arguments arguments) {
  return Value::own(Json(size_of(arguments[0], "len")));
}

std::int64_t position(const Value& value, std::int64_t most, const char* function) {
  if (!value.is_integer()) {
    fail(std::string(function) + " needs an integer, not '" + std::string(type_name(value)) + "'");
  }
  const std::int64_t index = value.integer();
  if (index < 0 || index > most) {
    fail(std::string(function) + " is out of range: " + std::to_string(index));
  }
  return index;
}

Value index(const FunctionContext& /*context*/, Arguments arguments) {
  Value item = arguments[0];
  for (const Value& key : arguments.subspan(1)) {
    if (item.is_map()) {
      if (!key.is_string()) {
        fail("the index of a map must be a string, not '" + std::string(type_name(key)) + "'");
      }
      const auto found = item.json().find(key.text());
      item = found == item.json().end() ? Value() : item.part(*found);
    } else {
      const std::int64_t at = position(key, size_of(item, "index") - 1, "index");
      item = item.is_string() ? Value::own(Json(static_cast<std::int64_t>(
                                    static_cast<unsigned char>(item.text()[static_cast<std::size_t>(at)]))))
                              : item.part(item.json()[static_cast<std::size_t>(at)]);
    }
  }
  return item;
}

Value slice(const FunctionContext& /*context*/, Arguments arguments) {
  const Value& whole = arguments[0];
  if (whole.is_map() || (whole.is_string() && arguments.size() > 3)) {
    fail("slice is not defined for this '" + std::string(type_name(whole)) + "'");
  }
  const std::int64_t size = size_of(whole, "slice");
  std::array<std::int64_t, 3> bounds = {0, size, size};
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    bounds[i - 1] = position(arguments[i], size, "slice");
  }
  if (bounds[0] > bounds[1] || bounds[1] > bounds[2]) {
    fail("slice begins at " + std::to_string(bounds[0]) + " and ends at " + std::to_string(bounds[1]));
  }
  const auto begin = static_cast<std::size_t>(bounds[0]);
  const auto end = static_cast<std::size_t>(bounds[1]);
  if (whole.is_string()) {
    return text(whole.text().substr(begin, end - begin));
  }
  Json part = Json::array();
  for (std::size_t i = begin; i < end; ++i) {
    part.push_back(whole.json()[i]);
  }
  Value result = Value::own(std::move(part));
  result.as_json = whole.as_json;
  return result;
}

Value print(const FunctionContext& /*context*/, Arguments arguments) {
  return text(print_all(arguments));
}
Value println(const FunctionContext& /*context*/, Arguments arguments) {
  return text(print_line(arguments));
}

Value printf(const FunctionContext& /*context*/, Arguments arguments) {
  if (!arguments[0].is_string()) {
    fail("printf needs a string as its format, not '" + std::string(type_name(arguments[0])) + "'");
  }
  return text(print_formatted(arguments[0].text(), arguments.subspan(1)));
}

template <typename Escape>
Value escaped(Arguments arguments, const FunctionContext& context, const Escape& escape) {
  const std::string plain = print_all(arguments);
  std::string out;
  for (std::size_t at = 0; at < plain.size();) {
    const base::Utf8Character c = base::decode_utf8(plain, at);
    escape(std::string_view(plain).substr(at, c.length), c.code_point, out);
    at += c.length;
    if (out.size() > context.max_text_bytes) {
      fail("an escaped text is longer than the limit");
    }
  }
  return text(std::move(out));
}

constexpr std::string_view kHex = "0123456789ABCDEF";

Value html(const FunctionContext& context, Arguments arguments) {
  return escaped(arguments, context, [](std::string_view bytes, char32_t c, std::string& out) {
    switch (c) {
      case 0:
        out += base::kReplacementUtf8;
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += bytes;
    }
  });
}

Value js(const FunctionContext& context, Arguments arguments) {
  return escaped(arguments, context, [](std::string_view bytes, char32_t c, std::string& out) {
    static constexpr std::string_view kAsNumber = "<>&=";
    if (c == '\\' || c == '\'' || c == '"') {
      out += {'\\', static_cast<char>(c)};
    } else if (c < 0x20 || (c < 0x80 && kAsNumber.find(static_cast<char>(c)) != std::string_view::npos)) {
      out += {'\\', 'u', '0', '0', kHex[c >> 4U], kHex[c & 0xFU]};
    } else {
      out += bytes;
    }
  });
}

Value urlquery(const FunctionContext& context, Arguments arguments) {
  return escaped(arguments, context, [](std::string_view bytes, char32_t c, std::string& out) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain || c == ' ') {
      out += plain ? bytes : "+";
      return;
    }
    for (const char byte : bytes) {
      const auto bits = static_cast<unsigned char>(byte);
      out += {'%', kHex[bits >> 4U], kHex[bits & 0xFU]};
    }
  });
}

Value json(const FunctionContext& /*context*/, Arguments arguments) {
  return text(json_text(arguments[0].json()));
}

std::string date_text(std::chrono::system_clock::time_point when) {
  const std::time_t time = std::chrono::system_clock::to_time_t(when);
  std::tm local{};
  localtime_r(&time, &local);
  std::array<char, 32> buffer{};
  const std::size_t size = std::strftime(buffer.data(), buffer.size(), "%Y-%m-%d", &local);
  return {buffer.data(), size};
}

Value current_date(const FunctionContext& context, Arguments /*arguments*/) {
  return text(date_text(context.now));
}

Value yesterday_date(const FunctionContext& context, Arguments /*arguments*/) {
  return text(date_text(context.now - std::chrono::hours(24)));
}

std::string typescript_name(const Json& type) {
  if (!type.is_string()) {
    return "any";
  }
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kNames = {
      {{"string", "string"},
       {"number", "number"},
       {"integer", "number"},
       {"boolean", "boolean"},
       {"array", "any[]"},
       {"object", "Record<string, any>"},
       {"null", "null"}}};
  for (const auto& [name, typescript] : kNames) {
    if (type.get_ref<const std::string&>() == name) {
      return std::string(typescript);
    }
  }
  return "any";
}

/// The type of a property of a JSON schema, by "anyOf" or "type".
std::string typescript_type(const Json& property, int depth) {
  if (!property.is_object() || depth > 20) {
    return "any";
  }
  std::string out;
  const auto any_of = property.find("anyOf");
  if (any_of != property.end() && any_of->is_array() && !any_of->empty()) {
    for (const Json& option : *any_of) {
      out += (out.empty() ? "" : " | ") + typescript_type(option, depth + 1);
    }
    return out;
  }
  const auto type = property.find("type");
  if (type == property.end()) {
    return "any";
  }
  if (!type->is_array()) {
    return typescript_name(*type);
  }
  for (const Json& each : *type) {
    out += (out.empty() ? "" : " | ") + typescript_name(each);
  }
  return out.empty() ? "any" : out;
}

Value to_typescript_type(const FunctionContext& /*context*/, Arguments arguments) {
  return text(typescript_type(arguments[0].json(), 0));
}

constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();

constexpr std::array kFunctions = {
    Function{"and", 1, kAny, nullptr},
    Function{"or", 1, kAny, nullptr},
    Function{"not", 1, 1, logical_not},
    Function{"eq", 2, kAny, eq},
    Function{"ne", 2, 2, ne},
    Function{"lt", 2, 2, lt},
    Function{"le", 2, 2, le},
    Function{"gt", 2, 2, gt},
    Function{"ge", 2, 2, ge},
    Function{"len", 1, 1, length},
    Function{"index", 1, kAny, index},
    Function{"slice", 1, 4, slice},
    Function{"print", 0, kAny, print},
    Function{"println", 0, kAny, println},
    Function{"printf", 1, kAny, printf},
    Function{"html", 0, kAny, html},
    Function{"js", 0, kAny, js},
    Function{"urlquery", 0, kAny, urlquery},
    Function{"json", 1, 1, json},
    Function{"currentDate", 0, kAny, current_date},
    Function{"yesterdayDate", 0, kAny, yesterday_date},
    Function{"toTypeScriptType", 1, 1, to_typescript_type},
};

}  // namespace

const Function* find_function(std::string_view name) noexcept {
  const auto* const found = std::find_if(kFunctions.begin(), kFunctions.end(),
                                         [&](const Function& each) { return each.name == name; });
  return found == kFunctions.end() ? nullptr : found;
}

}  // namespace axllama::text::gotemplate
