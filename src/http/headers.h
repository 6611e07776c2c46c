#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace axllama::http {

/// ASCII case-insensitive comparison, as field names and Ollama's JSON keys need it.
bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept;
std::string to_lower(std::string_view text);
/// Without blanks and tabs at both ends.
std::string_view trim(std::string_view text) noexcept;

/// Header fields in the order they came; names compare without regard to case.
class Headers {
 public:
  void add(std::string name, std::string value);
  /// Replaces all fields of this name.
  void set(std::string name, std::string value);
  /// The first field of this name, or null.
  const std::string* find(std::string_view name) const noexcept;
  /// True when `token` is an element of the comma-separated lists in all fields of this name ("close" in
  /// Connection).
  bool has_token(std::string_view name, std::string_view token) const noexcept;
  std::size_t count(std::string_view name) const noexcept;

  auto begin() const noexcept { return fields_.begin(); }
  auto end() const noexcept { return fields_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace axllama::http
