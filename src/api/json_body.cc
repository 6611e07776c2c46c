#include "api/json_body.h"

#include <utility>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "http/headers.h"

namespace axllama::api {
namespace {

[[noreturn]] void fail(const std::string& message) {
  throw base::Error(base::ErrorCode::kInvalidArgument, message);
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// Walks over a text once, before the parser does: finds the end of the first value, counts what the limits
/// count, and replaces escapes of lone surrogates, which JavaScript clients send when they cut a text in the
/// middle of an emoji.
class BodyScan {
 public:
  BodyScan(std::string& text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  /// Length of the text up to the end of the first value.
  std::size_t run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        skip_string();
        if (members_.empty()) {
          return at_;
        }
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') {
        open();
      } else if (c == '}' || c == ']') {
        if (members_.empty()) {
          return at_;  // the parser will say what is wrong
        }
        members_.pop_back();
        if (members_.empty()) {
          return at_;
        }
      } else if (c == ',') {
        count_value();
      }
    }
    return at_;
  }

 private:
  void open() {
    if (members_.size() >= limits_.depth) {
      fail("the request body is nested more than " + std::to_string(limits_.depth) + " levels deep");
    }
    members_.push_back(1);
    count_total();
  }

  void count_value() {
    if (members_.empty()) {
      return;
    }
    ++members_.back();
    count_total();
  }

  void count_total() {
    if (++values_ > limits_.values) {
      fail("the request body holds more than " + std::to_string(limits_.values) + " values");
    }
  }

  void skip_string() {
    ++at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] != '\\') {
        ++at_;
        continue;
      }
      const auto unit = unicode_escape(at_);
      if (!unit) {
        at_ += 2;
        continue;
      }
      if ((*unit & 0xfc00U) == 0xd800U) {
        const auto second = unicode_escape(at_ + 6);
        if (second && (*second & 0xfc00U) == 0xdc00U) {
          at_ += 12;
          continue;
        }
      }
      if ((*unit & 0xf800U) == 0xd800U) {
        text_.replace(at_, 6, "\\ufffd");
      }
      at_ += 6;
    }
    at_ = std::min(at_ + 1, text_.size());
  }

  /// The code unit of "\uXXXX" at an offset.
  std::optional<unsigned> unicode_escape(std::size_t at) const {
    if (at + 6 > text_.size() || text_[at] != '\\' || text_[at + 1] != 'u') {
      return std::nullopt;
    }
    unsigned value = 0;
    for (std::size_t i = at + 2; i < at + 6; ++i) {
      const char c = text_[i];
      unsigned digit = 0;
      if (c >= '0' && c <= '9') {
        digit = static_cast<unsigned>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        digit = static_cast<unsigned>(c - 'a' + 10);
      } else if (c >= 'A' && c <= 'F') {
        digit = static_cast<unsigned>(c - 'A' + 10);
      } else {
        return std::nullopt;
      }
      value = value * 16 + digit;
    }
    return value;
  }

  std::string& text_;
  const JsonLimits& limits_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
  std::vector<std::size_t> members_;  // of the open objects and arrays
};

/// Refuses objects with too many members: looking one up in an ordered object takes time in their number.
class MemberLimit {
 public:
  explicit MemberLimit(std::size_t limit) : limit_(limit) {}

  bool operator()(int, Json::parse_event_t event, Json&) {
    if (event == Json::parse_event_t::object_start) {
      members_.push_back(0);
    } else if (event == Json::parse_event_t::object_end) {
      members_.pop_back();
    } else if (event == Json::parse_event_t::key && ++members_.back() > limit_) {
      fail("an object of the request body has more than " + std::to_string(limit_) + " members");
    }
    return true;
  }

 private:
  std::size_t limit_;
  std::vector<std::size_t> members_;
};

/// "[json.exception.parse_error.101] parse error at line 1, column 5: ..." without its number.
std::string reason_of(const Json::exception& error) {
  const std::string what = error.what();
  const auto end = what.find("] ");
  return end == std::string::npos ? what : what.substr(end + 2);
}

}  // namespace

Json parse_json_body(std::string_view body, const JsonLimits& limits) {
  std::string text = base::is_valid_utf8(body) ? std::string(body) : base::to_valid_utf8(body);
  std::size_t begin = 0;
  while (begin < text.size() && is_space(text[begin])) {
    ++begin;
  }
  if (begin == text.size()) {
    fail("missing request body");
  }
  text.resize(BodyScan(text, limits).run());
  Json value;
  try {
    MemberLimit limit(limits.members);
    value = Json::parse(text, [&limit](int depth, Json::parse_event_t event, Json& parsed) {
      return limit(depth, event, parsed);
    });
  } catch (const Json::exception& error) {
    fail("the request body is not valid JSON: " + reason_of(error));
  }
  if (!value.is_object()) {
    fail("the request body must be a JSON object, not " + std::string(json_kind(value)));
  }
  return value;
}

std::string to_json(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string_view json_kind(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "an array";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::boolean:
      return "a boolean";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float:
      return "a number";
    default:
      return "something else";
  }
}

void JsonFields::refuse(std::string_view name, std::string_view wanted, const Json& found) const {
  fail("the field \"" + path_of(name) + "\" must be " + std::string(wanted) + ", not " +
       std::string(json_kind(found)));
}

const Json* JsonFields::find(std::string_view name) const {
  const Json* found = nullptr;
  for (const auto& [key, value] : object_.items()) {
    if (http::equals_ignoring_case(key, name)) {
      found = &value;
    }
  }
  return found == nullptr || found->is_null() ? nullptr : found;
}

std::string JsonFields::string(std::string_view name, std::string otherwise) const {
  const Json* value = find(name);
  if (value == nullptr) {
    return otherwise;
  }
  if (!value->is_string()) {
    refuse(name, "a string", *value);
  }
  return value->get<std::string>();
}

bool JsonFields::boolean(std::string_view name, bool otherwise) const {
  const Json* value = find(name);
  if (value == nullptr) {
    return otherwise;
  }
  if (!value->is_boolean()) {
    refuse(name, "true or false", *value);
  }
  return value->get<bool>();
}

std::optional<std::int64_t> JsonFields::integer(std::string_view name) const {
  const Json* value = find(name);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_number_integer()) {
    refuse(name, "a whole number", *value);
  }
  return value->get<std::int64_t>();
}

std::optional<double> JsonFields::number(std::string_view name) const {
  const Json* value = find(name);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_number()) {
    refuse(name, "a number", *value);
  }
  return value->get<double>();
}

const Json* JsonFields::array(std::string_view name) const {
  const Json* value = find(name);
  if (value != nullptr && !value->is_array()) {
    refuse(name, "an array", *value);
  }
  return value;
}

const Json* JsonFields::object(std::string_view name) const {
  const Json* value = find(name);
  if (value != nullptr && !value->is_object()) {
    refuse(name, "an object", *value);
  }
  return value;
}

JsonFields JsonFields::element(std::string_view name, const Json& array, std::size_t index) const {
  const std::string element_name = std::string(name) + "[" + std::to_string(index) + "]";
  if (!array[index].is_object()) {
    refuse(element_name, "an object", array[index]);
  }
  return JsonFields(array[index], path_of(element_name) + ".");
}

JsonFields JsonFields::inside(std::string_view name, const Json& object) const {
  if (!object.is_object()) {
    refuse(name, "an object", object);
  }
  return JsonFields(object, path_of(name) + ".");
}

}  // namespace axllama::api
