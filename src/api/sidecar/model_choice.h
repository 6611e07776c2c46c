#pragma once

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

  /// What POST /load names: an installed model, or a package folder below one of the library's roots. Throws
  /// Error (kInvalidArgument) for a folder outside them, (kNotFound) for a missing one.
  ChosenModel resolve(const std::string& name_or_path) const;

 private:
  ChosenModel open(const store::ModelRecord& record) const;

  const store::Library& library_;
  std::string default_model_;
  mutable std::mutex mutex_;
  std::optional<ChosenModel> chosen_;
};

}  // namespace axllama::api::sidecar
