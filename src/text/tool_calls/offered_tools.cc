#include "text/tool_calls/offered_tools.h"

#include <utility>

namespace axllama::text {

OfferedTools::OfferedTools(const nlohmann::ordered_json& tools) {
  auto found = std::make_shared<Definitions>();
  if (tools.is_array()) {
    for (const auto& tool : tools) {
      const auto function = tool.is_object() ? tool.find("function") : tool.end();
      if (!tool.is_object() || function == tool.end() || !function->is_object()) {
        continue;
      }
      const auto name = function->find("name");
      if (name == function->end() || !name->is_string() || name->get_ref<const std::string&>().empty()) {
        continue;
      }
      const auto parameters = function->find("parameters");
      const bool has_schema = parameters != function->end() && parameters->is_object();
      const auto [place, is_new] = found->parameters.try_emplace(
          name->get<std::string>(), has_schema ? *parameters : nlohmann::ordered_json::object());
      if (is_new) {
        found->names.push_back(place->first);
      }
    }
  }
  tools_ = std::move(found);
}

const std::vector<std::string>& OfferedTools::names() const noexcept {
  static const std::vector<std::string> kNone;
  return tools_ ? tools_->names : kNone;
}

const nlohmann::ordered_json* OfferedTools::parameters(std::string_view name) const {
  if (!tools_) {
    return nullptr;
  }
  const auto found = tools_->parameters.find(name);
  return found == tools_->parameters.end() ? nullptr : &found->second;
}

}  // namespace axllama::text
