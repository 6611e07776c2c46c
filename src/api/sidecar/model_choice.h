#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "serving/service.h"
#include "store/library.h"

namespace axllama::api::sidecar {

/// A model of the sidecar dialect: what runs it and where it lies.
struct ChosenModel {
  serving::ModelReference reference;
  std::string folder;
};

/// Which model answers. Thread-safe.
class ModelChoice {
 public:
  ModelChoice(const store::Library& library, std::string default_model);

  /// The chosen model, or the default. Throws Error (kNotFound) when none is installed.
  ChosenModel current() const;
  void choose(ChosenModel model);

  /// What POST /load names: an installed model, by its name or by the folder of its package. Throws Error
  /// (kNotFound) for a missing one, (kInvalidArgument) for a folder outside the library's roots and its
  /// store.
  ChosenModel resolve(const std::string& name_or_path) const;

 private:
  ChosenModel open(const store::ModelRecord& record) const;
  store::ModelRecord find(const std::string& name_or_path) const;
  std::optional<store::ModelRecord> find_named(const std::string& name) const;
  /// The newest model whose package lies in `folder`, a path with links resolved.
  std::optional<store::ModelRecord> find_folder(const std::filesystem::path& folder) const;
  /// Whether it lies below a folder in which models are looked for.
  bool holds_models(const std::filesystem::path& folder) const;

  const store::Library& library_;
  std::string default_model_;
  mutable std::mutex mutex_;
  std::optional<ChosenModel> chosen_;
};

}  // namespace axllama::api::sidecar
