#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "base/duration.h"
#include "base/error.h"
#include "store/modelfile.h"

namespace axllama::store {
namespace {

using base::Error;
using base::ErrorCode;

enum class Kind { kInteger, kNumber, kBoolean, kStrings, kDuration };
struct Parameter {
  std::string_view name;
  Kind kind;
};

/// Every option Ollama knows, also those that only steer other engines: Modelfiles written for them are to
/// work. Then our own.
constexpr std::array<Parameter, 25> kParameters{{{"num_keep", Kind::kInteger},
                                                 {"seed", Kind::kInteger},
                                                 {"num_predict", Kind::kInteger},
                                                 {"top_k", Kind::kInteger},
                                                 {"top_p", Kind::kNumber},
                                                 {"min_p", Kind::kNumber},
                                                 {"typical_p", Kind::kNumber},
                                                 {"temperature", Kind::kNumber},
                                                 {"repeat_last_n", Kind::kInteger},
                                                 {"repeat_penalty", Kind::kNumber},
                                                 {"presence_penalty", Kind::kNumber},
                                                 {"frequency_penalty", Kind::kNumber},
                                                 {"stop", Kind::kStrings},
                                                 {"num_ctx", Kind::kInteger},
                                                 {"num_batch", Kind::kInteger},
                                                 {"num_gpu", Kind::kInteger},
                                                 {"main_gpu", Kind::kInteger},
                                                 {"use_mmap", Kind::kBoolean},
                                                 {"num_thread", Kind::kInteger},
                                                 {"draft_num_predict", Kind::kInteger},
                                                 {"use_mlock", Kind::kBoolean},
                                                 {"numa", Kind::kBoolean},
                                                 {"low_vram", Kind::kBoolean},
                                                 {"repetition_guard", Kind::kBoolean},
                                                 {"request_timeout", Kind::kDuration}}};

[[noreturn]] void refuse(const std::string& name, const std::string& value, const char* kind) {
  throw Error(ErrorCode::kInvalidArgument,
              "parameter '" + name + "' must be " + kind + ", not '" + value + "'");
}

template <typename Number>
Json parse_number(const std::string& name, const std::string& value, const char* kind) {
  Number number{};
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) refuse(name, value, kind);
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(number)) refuse(name, value, kind);
  }
  return number;
}

bool parse_boolean(const std::string& name, const std::string& value) {
  for (const char* yes : {"true", "True", "TRUE", "t", "T", "1"}) {
    if (value == yes) return true;
  }
  for (const char* no : {"false", "False", "FALSE", "f", "F", "0"}) {
    if (value == no) return false;
  }
  refuse(name, value, "true or false");
}

/// Seconds, or a text such as "1m30s", which stays one.
Json parse_time(const std::string& name, const std::string& value) {
  constexpr const char* kKind = "seconds or a duration as 1m30s";
  if (value.find_first_not_of("+-.0123456789eE") == std::string::npos) {
    return parse_number<double>(name, value, kKind);
  }
  try {
    base::parse_duration(value);
  } catch (const Error&) {
    refuse(name, value, kKind);
  }
  return value;
}

/// As Go's strconv.Quote writes it.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
      case '\\':
        out += '\\';
        out += c;
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
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
          std::array<char, 8> code{};
          std::snprintf(code.data(), code.size(), "\\x%02x", static_cast<unsigned>(c));
          out += code.data();
        } else {
          out += c;
        }
    }
  }
  return out + "\"";
}

}  // namespace

Json parse_parameter(const std::string& name, const std::string& value) {
  for (const Parameter& parameter : kParameters) {
    if (parameter.name != name) continue;
    switch (parameter.kind) {
      case Kind::kInteger:
        return parse_number<std::int64_t>(name, value, "a whole number");
      case Kind::kNumber:
        return parse_number<double>(name, value, "a number");
      case Kind::kBoolean:
        return parse_boolean(name, value);
      case Kind::kDuration:
        return parse_time(name, value);
      case Kind::kStrings:
        return Json::array({value});
    }
  }
  throw Error(ErrorCode::kInvalidArgument, "unknown parameter '" + name + "'");
}

void add_parameter(Json& parameters, const std::string& name, Json value) {
  Json& slot = parameters[name];
  if (!value.is_array() || !slot.is_array()) {
    slot = std::move(value);
    return;
  }
  for (Json& element : value) slot.push_back(std::move(element));
}

std::string parameter_text(const Json& value) {
  if (value.is_string()) return quoted(value.get<std::string>());
  if (!value.is_number_float()) return value.dump();
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value.get<double>());
  return {text.data(), end};
}

}  // namespace axllama::store
