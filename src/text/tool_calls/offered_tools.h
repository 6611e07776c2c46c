#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace axllama::text {

/// The tools a request offers, by name. Copies share the definitions.
class OfferedTools {
 public:
  OfferedTools() = default;
  /// `tools`: an array of {"type": "function", "function": {"name", "description", "parameters"}}, or null.
  /// Elements of another form are not offered.
  explicit OfferedTools(const nlohmann::ordered_json& tools);

  bool empty() const noexcept { return !tools_ || tools_->names.empty(); }
  bool has(std::string_view name) const { return parameters(name) != nullptr; }
  /// In the order of the request, no name twice.
  const std::vector<std::string>& names() const noexcept;
  /// The JSON Schema of a tool's arguments; an empty object when it has none. Null for other names.
  const nlohmann::ordered_json* parameters(std::string_view name) const;

 private:
  struct Definitions {
    std::vector<std::string> names;
    std::map<std::string, nlohmann::ordered_json, std::less<>> parameters;
  };
  std::shared_ptr<const Definitions> tools_;
};

}  // namespace axllama::text
