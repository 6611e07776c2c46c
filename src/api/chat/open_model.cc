#include "api/chat/open_model.h"

#include <utility>

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

std::shared_ptr<const serving::ModelReference> open_draft(const store::Library& library,
                                                          const store::ModelRecord& record,
                                                          const store::ModelSettings& settings) {
  const std::string name = library.draft(record, settings);
  if (name.empty()) {
    return nullptr;
  }
  serving::ModelReference draft;
  try {
    const store::ModelRecord found = find_model(library, name);
    draft = {found.name, found.package_digest, library.open(found)};
  } catch (const base::Error& error) {
    draft.name = name;
    draft.digest = "of no model " + name;  // so that it is tried when there is one
    draft.problem = error.message();
  }
  return std::make_shared<const serving::ModelReference>(std::move(draft));
}

OpenModel open_model(const store::Library& library, const std::string& asked) {
  OpenModel model;
  model.record = find_model(library, asked);
  model.package = library.open(model.record);
  model.settings = library.settings(model.record);
  if (model.settings.chat_template) {
    model.own_template.emplace(*model.settings.chat_template, model.record.name);
  }
  model.draft = open_draft(library, model.record, model.settings);
  return model;
}

}  // namespace axllama::api::chat
