#include "api/chat/open_model.h"

#include "api/chat/model_names.h"
#include "base/error.h"

namespace axllama::api::chat {

std::string OpenModel::full_name() const {
  return full_model_name(record.name);
}

std::string OpenModel::system_prompt() const {
  return settings.system ? *settings.system : package->system_prompt().value_or("");
}

store::ModelRecord find_model(const store::Library& library, const std::string& asked) {
  const std::string name = short_model_name(asked);
  try {
    return library.find(name);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kNotFound) {
      throw;
    }
    throw base::Error(base::ErrorCode::kNotFound, "model '" + asked + "' not found");
  }
}

OpenModel open_model(const store::Library& library, const std::string& asked) {
  OpenModel model;
  model.record = find_model(library, asked);
  model.package = library.open(model.record);
  model.settings = library.settings(model.record);
  if (model.settings.chat_template) {
    model.own_template.emplace(*model.settings.chat_template, model.record.name);
  }
  return model;
}

}  // namespace axllama::api::chat
