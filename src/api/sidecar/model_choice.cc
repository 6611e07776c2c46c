#include "api/sidecar/model_choice.h"

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "api/chat/open_model.h"
#include "base/error.h"

namespace axllama::api::sidecar {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

/// Whether `path` lies below `root`; both with links resolved.
bool below(const fs::path& path, const fs::path& root) {
  std::error_code error;
  const fs::path resolved_root = fs::canonical(root, error);
  if (error) return false;
  const fs::path relative = path.lexically_relative(resolved_root);
  return !relative.empty() && *relative.begin() != ".." && relative != ".";
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

ChosenModel ModelChoice::resolve(const std::string& name_or_path) const {
  if (name_or_path.find('/') == std::string::npos) {
    return require_generating(open(library_.find(name_or_path)));
  }

  std::error_code error;
  const fs::path asked = fs::weakly_canonical(name_or_path, error);
  bool allowed = false;
  if (!error) {
    for (const fs::path& root : library_.roots()) allowed = allowed || below(asked, root);
  }
  if (!allowed) {
    throw Error(ErrorCode::kInvalidArgument,
                "the folder " + name_or_path + " lies outside the allowed model folders");
  }
  for (const store::ModelRecord& record : library_.list()) {
    if (fs::equivalent(record.folder, asked, error) && !error) return require_generating(open(record));
  }
  throw Error(ErrorCode::kNotFound, "there is no model package in " + name_or_path);
}

}  // namespace axllama::api::sidecar
