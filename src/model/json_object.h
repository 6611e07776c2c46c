#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace axllama::model {

/// A JSON object read from a file, with typed access whose errors name file and key. A key that is absent or
/// null is nothing.
class JsonObject {
 public:
  /// Nothing when the file does not exist or holds only white space. Throws Error (kInvalidArgument) when it
  /// is no JSON object.
  static std::optional<JsonObject> read(const std::filesystem::path& file);

  std::optional<std::string> text(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;
  /// A whole number >= 0.
  std::optional<std::uint64_t> count(std::string_view key) const;
  std::optional<bool> flag(std::string_view key) const;
  /// An empty object when absent.
  JsonObject object(std::string_view key) const;

  /// Throws Error: the key, which is there, must be `wanted` and not its value.
  [[noreturn]] void refuse(std::string_view key, const char* wanted) const;

  const nlohmann::json& json() const noexcept { return json_; }

 private:
  JsonObject(std::filesystem::path file, std::string prefix, nlohmann::json json)
      : file_(std::move(file)), prefix_(std::move(prefix)), json_(std::move(json)) {}

  const nlohmann::json* find(std::string_view key) const;
  [[noreturn]] void fail(std::string_view key, const char* wanted) const;
  [[noreturn]] void fail(std::string_view key, const char* wanted, const std::string& found) const;

  std::filesystem::path file_;
  std::string prefix_;  // "axllama." inside the member axllama
  nlohmann::json json_;
};

}  // namespace axllama::model
