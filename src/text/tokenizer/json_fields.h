#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace axllama::text {

/// One object of a JSON document together with where it stands, so that every complaint names file and field.
class JsonFields {
 public:
  JsonFields(const nlohmann::json& value, std::string file, std::string path)
      : value_(value), file_(std::move(file)), path_(std::move(path)) {
    if (!value_.is_object()) fail(base::ErrorCode::kInvalidArgument, "is not an object");
  }

  const nlohmann::json& value() const noexcept { return value_; }

  /// True when the field is there and not null.
  bool has(const char* key) const { return value_.contains(key) && !value_.at(key).is_null(); }

  const nlohmann::json& at(const char* key) const {
    if (!has(key)) fail(base::ErrorCode::kInvalidArgument, "has no field \"" + std::string(key) + "\"");
    return value_.at(key);
  }

  JsonFields object(const char* key) const {
    return {at(key), file_, path_.empty() ? key : path_ + "." + key};
  }

  std::string string(const char* key) const {
    const nlohmann::json& found = at(key);
    if (!found.is_string()) wrong(key, found, "a string");
    return found.get<std::string>();
  }

  bool boolean(const char* key, bool absent) const {
    if (!has(key)) return absent;
    const nlohmann::json& found = value_.at(key);
    if (!found.is_boolean()) wrong(key, found, "true or false");
    return found.get<bool>();
  }

  std::int64_t integer(const char* key) const {
    const nlohmann::json& found = at(key);
    if (!found.is_number_integer()) wrong(key, found, "an integer");
    return found.get<std::int64_t>();
  }

  /// "FILE: PATH what."
  [[noreturn]] void fail(base::ErrorCode code, const std::string& what) const {
    throw base::Error(code, file_ + ": " + (path_.empty() ? "the document" : path_) + " " + what + ".");
  }

  [[noreturn]] void unsupported(const char* key) const {
    throw base::Error(base::ErrorCode::kUnsupported, file_ + ": " + (path_.empty() ? "" : path_ + ".") + key +
                                                         " is " + shown(value_.value(key, nlohmann::json())) +
                                                         ", which is not supported.");
  }

  const std::string& file() const noexcept { return file_; }
  const std::string& path() const noexcept { return path_; }

 private:
  static std::string shown(const nlohmann::json& value) {
    std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return text.size() <= 80 ? text : text.substr(0, 77) + "...";
  }
  [[noreturn]] void wrong(const char* key, const nlohmann::json& found, const char* wanted) const {
    throw base::Error(base::ErrorCode::kInvalidArgument, file_ + ": " + (path_.empty() ? "" : path_ + ".") +
                                                             key + " is " + shown(found) + ", not " + wanted +
                                                             ".");
  }

  const nlohmann::json& value_;
  std::string file_;
  std::string path_;
};

}  // namespace axllama::text
