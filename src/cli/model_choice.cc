#include "cli/model_choice.h"

#include "base/error.h"
#include "cli/status_display.h"

namespace axllama::cli {

nlohmann::ordered_json show_or_pull(ApiClient& client, const std::string& model, bool insecure) {
  using base::Error;
  using base::ErrorCode;
  const nlohmann::ordered_json asked{{"model", model}};
  try {
    return client.post("/api/show", asked);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
  }
  try {
    StatusDisplay display;
    const nlohmann::ordered_json pull{{"model", model}, {"insecure", insecure}};
    client.stream("/api/pull", pull, [&display](const nlohmann::ordered_json& record) {
      display.show(record);
      return true;
    });
  } catch (const Error& error) {
    throw Error(ErrorCode::kNotFound,
                "model '" + model + "' not found, and it cannot be pulled: " + error.message());
  }
  return client.post("/api/show", asked);
}

std::vector<std::string> chat_models(ApiClient& client) {
  using Json = nlohmann::ordered_json;
  std::vector<std::string> names;
  for (const Json& model : client.get("/api/tags").value("models", Json::array())) {
    const Json capabilities = model.value("capabilities", Json::array());
    bool answers = capabilities.empty();  // older servers do not tell
    for (const Json& each : capabilities) answers = answers || each == "completion";
    if (answers) names.push_back(model.value("name", ""));
  }
  return names;
}

}  // namespace axllama::cli
