#include "api/sidecar/model_choice.h"

#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

#include "api/chat/model_names.h"
#include "api/chat/open_model.h"
#include "base/error.h"

namespace axllama::api::sidecar {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

/// With links resolved as far as there is something; empty where that cannot be told.
fs::path resolved(const fs::path& path) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(path, error);
  return error ? fs::path() : whole;
}

/// Whether `path`, which is resolved, lies below `root`.
bool below(const fs::path& path, const fs::path& root) {
  const fs::path relative = path.lexically_relative(resolved(root));
  return !relative.empty() && *relative.begin() != ".." && relative != ".";
}

/// A path has parts, and is no "namespace/model".
bool looks_like_a_name(const std::string& text) {
  return text.find('/') == std::string::npos || chat::parse_model_name(text);
}

bool generates(const ChosenModel& model) {
  return model.reference.package->purpose() == model::Purpose::kText;
}

ChosenModel require_generating(ChosenModel model) {
  if (generates(model)) return model;
  const bool reranker = model.reference.package->purpose() == model::Purpose::kReranking;
  throw Error(ErrorCode::kInvalidArgument,
              "\"" + model.reference.name + "\" does not support generate: it is " +
                  (reranker ? "a reranker" : "an embedding model") + ", and these routes only generate text");
}

}  // namespace

ModelChoice::ModelChoice(const store::Library& library, std::string default_model)
    : library_(library), default_model_(std::move(default_model)) {}

ChosenModel ModelChoice::open(const store::ModelRecord& record) const {
  return {{record.name, record.package_digest, library_.open(record),
           chat::open_draft(library_, record, library_.settings(record))},
          record.folder.string()};
}

ChosenModel ModelChoice::current() const {
  {
    const std::lock_guard lock(mutex_);
    if (chosen_) return *chosen_;
  }
  if (!default_model_.empty()) return require_generating(open(library_.find(default_model_)));
  for (const store::ModelRecord& record : library_.list()) {
    ChosenModel model = open(record);
    if (generates(model)) return model;
  }
  throw Error(ErrorCode::kNotFound, "no model that generates text is installed");
}

void ModelChoice::choose(ChosenModel model) {
  const std::lock_guard lock(mutex_);
  chosen_ = std::move(model);
}

std::optional<store::ModelRecord> ModelChoice::find_named(const std::string& name) const {
  const std::optional<store::ModelName> parsed = chat::parse_model_name(name);
  try {
    return library_.find(parsed ? parsed->short_text() : name);  // a folder may be called anything
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    return std::nullopt;
  }
}

std::optional<store::ModelRecord> ModelChoice::find_folder(const fs::path& folder) const {
  if (folder.empty()) return std::nullopt;
  for (store::ModelRecord& record : library_.list()) {
    if (resolved(record.folder) == folder) return std::move(record);
  }
  return std::nullopt;
}

bool ModelChoice::holds_models(const fs::path& folder) const {
  std::vector<fs::path> roots = library_.roots();
  if (library_.store() != nullptr) roots.push_back(library_.store()->folder());
  return std::any_of(roots.begin(), roots.end(),
                     [&folder](const fs::path& root) { return below(folder, root); });
}

store::ModelRecord ModelChoice::find(const std::string& name_or_path) const {
  const fs::path folder = resolved(name_or_path);
  if (!fs::path(name_or_path).is_absolute()) {
    if (auto record = find_named(name_or_path)) return std::move(*record);
  }
  if (auto record = find_folder(folder)) return std::move(*record);
  if (looks_like_a_name(name_or_path)) {
    throw Error(ErrorCode::kNotFound, "model '" + name_or_path + "' not found");
  }
  if (holds_models(folder)) {
    throw Error(ErrorCode::kNotFound, "there is no model package in " + name_or_path);
  }
  throw Error(ErrorCode::kInvalidArgument,
              "the folder " + name_or_path + " lies outside the allowed model folders");
}

ChosenModel ModelChoice::resolve(const std::string& name_or_path) const {
  return require_generating(open(find(name_or_path)));
}

}  // namespace axllama::api::sidecar
