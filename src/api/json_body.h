#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace axllama::api {

/// Objects keep the order of their members: templates show a tool's arguments as the client wrote them.
using Json = nlohmann::ordered_json;

/// What a body may hold, so that no body costs more than a small multiple of its bytes.
struct JsonLimits {
  std::size_t depth = 128;
  std::size_t values = 1'000'000;
  std::size_t members = 1'024;  // of one object
};

/// Reads the first JSON value of a request body, which must be an object; what follows it is ignored.
/// Ill-formed UTF-8 and lone surrogates become U+FFFD. Throws Error (kInvalidArgument) with a sentence,
/// "missing request body" for an empty one.
Json parse_json_body(std::string_view body, const JsonLimits& limits = {});

/// Compact JSON on one line; ill-formed UTF-8 becomes U+FFFD.
std::string to_json(const Json& value);

/// Members of a request object. Names are found without regard to case, the last of several wins; null counts
/// as absent. Getters throw Error (kInvalidArgument) naming the field (with the path to it), the kind wanted
/// and the kind found.
class JsonFields {
 public:
  /// `object` must outlive this; `path` is put in front of names in messages ("messages[2].").
  explicit JsonFields(const Json& object, std::string path = {}) : object_(object), path_(std::move(path)) {}

  /// The member, or null when it is absent or null.
  const Json* find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }

  std::string string(std::string_view name, std::string otherwise = {}) const;
  bool boolean(std::string_view name, bool otherwise) const;
  std::optional<std::int64_t> integer(std::string_view name) const;
  std::optional<double> number(std::string_view name) const;
  /// The array or object, or null when absent.
  const Json* array(std::string_view name) const;
  const Json* object(std::string_view name) const;
  /// The members of the object at `index` of an array found here.
  JsonFields element(std::string_view name, const Json& array, std::size_t index) const;
  /// The members of an object found here.
  JsonFields inside(std::string_view name, const Json& object) const;

  /// "messages[2].content", for messages.
  std::string path_of(std::string_view name) const { return path_ + std::string(name); }

 private:
  [[noreturn]] void refuse(std::string_view name, std::string_view wanted, const Json& found) const;

  const Json& object_;
  std::string path_;
};

/// "a string", "an array", ... for messages.
std::string_view json_kind(const Json& value);

}  // namespace axllama::api
