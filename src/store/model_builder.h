#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/package.h"
#include "store/model_store.h"

namespace axllama::store {

/// Takes lines such as "writing manifest" for the client.
using StatusFunction = std::function<void(const std::string&)>;

/// Builds one model of the store: a base, then what changes. Nothing of it is visible before write(); blobs
/// are pinned meanwhile. One thread at a time.
class ModelBuilder {
 public:
  ModelBuilder(ModelStore& store, StatusFunction status);

  /// All layers of an installed model.
  void start_from(const StoredManifest& base);
  /// The files of a package, by their paths in it; they must be blobs already.
  void start_from_files(const std::map<std::string, Digest>& files);
  /// The files of a package folder, copied into blobs.
  void start_from_folder(const std::filesystem::path& folder);
  /// Likewise, but moved: the folder must be on the store's file system and is empty afterwards.
  void take_folder(const std::filesystem::path& folder);

  /// Lays `settings` over those of the base: a template, system prompt, renderer, parser, draft and messages
  /// replace the base's, parameters replace it one by one, licences are added.
  void apply(const ModelSettings& settings);
  /// Sets members of the config (family, sizes) that clients show.
  void describe(const Json& info);

  /// Makes sure that the files are a package the server can open and fills the config's facts about it that
  /// clients show. `name`: what the model is called. Throws Error saying what is wrong with the package.
  void check_package(const std::string& name);

  /// The package as it is so far. Throws as check_package().
  std::shared_ptr<const model::Package> open_package(const std::string& name) const;

  /// Writes the manifest and, when it replaces one, removes blobs nobody needs any more.
  void write(const ModelName& name);

 private:
  void add(Layer layer, bool existing);
  void add_text(std::string_view type, const std::string& text);
  void replace_text(std::string_view type, const std::string& text);
  void add_folder(const std::filesystem::path& folder, bool move);
  void drop(std::string_view type);
  Manifest manifest(const std::string& config) const;

  ModelStore& store_;
  StatusFunction status_;
  Json config_ = Json::object();
  std::vector<Layer> layers_;
  std::vector<std::unique_ptr<BlobPin>> pins_;
  ModelSettings base_;
};

}  // namespace axllama::store
