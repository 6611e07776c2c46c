#include "store/model_builder.h"

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "model/package.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

Json messages_json(const std::vector<PresetMessage>& messages) {
  Json array = Json::array();
  for (const PresetMessage& message : messages) {
    Json element;
    element["role"] = message.role;
    element["content"] = message.content;
    array.push_back(std::move(element));
  }
  return array;
}

/// Regular files below a folder, as paths within it; hidden ones are left out.
std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().filename().string().starts_with('.')) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file()) {
      files.push_back(entry->path().lexically_relative(folder));
    }
  }
  if (error) throw_file_error("read the folder", folder, error.value());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

ModelBuilder::ModelBuilder(ModelStore& store, StatusFunction status)
    : store_(store), status_(std::move(status)) {
  config_["model_format"] = "";
  config_["model_family"] = "";
  config_["model_families"] = Json::array();
  config_["model_type"] = "";
  config_["file_type"] = "";
  config_["architecture"] = "amd64";  // as Ollama has it, on every machine
  config_["os"] = "linux";
}

void ModelBuilder::add(Layer layer, bool existing) {
  status_((existing ? "using existing layer " : "creating new layer ") + layer.digest.text());
  pins_.push_back(std::make_unique<BlobPin>(store_.blobs(), layer.digest));
  layers_.push_back(std::move(layer));
}

void ModelBuilder::add_text(std::string_view type, const std::string& text) {
  const Digest digest = Digest::of(text);
  const bool existing = store_.blobs().size(digest) == text.size();
  add({.media_type = std::string(type), .digest = digest, .size = text.size()}, existing);
  store_.blobs().put(text);  // after the pin
}

void ModelBuilder::drop(std::string_view type) {
  std::erase_if(layers_, [type](const Layer& layer) { return layer.media_type == type; });
}

void ModelBuilder::replace_text(std::string_view type, const std::string& text) {
  drop(type);
  add_text(type, text);
}

void ModelBuilder::start_from(const StoredManifest& base) {
  const Json config = store_.config(*base.manifest);
  for (const auto& [name, value] : config.items()) config_[name] = value;
  base_ = store_.settings(*base.manifest);
  for (const Layer& layer : base.manifest->layers) add(layer, true);
}

void ModelBuilder::start_from_files(const std::map<std::string, Digest>& files) {
  for (const auto& [name, digest] : files) {
    check_package_path(name);
    const std::optional<std::uint64_t> size = store_.blobs().size(digest);
    if (!size) {
      throw Error(ErrorCode::kInvalidArgument,
                  "the file " + name + " (" + digest.text() + ") was not uploaded");
    }
    add({.media_type = std::string(media_type::kPackageFile), .digest = digest, .size = *size, .name = name},
        true);
  }
}

void ModelBuilder::add_folder(const fs::path& folder, bool move) {
  for (const fs::path& file : files_below(folder)) {
    const fs::path path = folder / file;
    status_("copying file " + file.string());
    const Digest digest = move ? store_.blobs().add_moved(path) : store_.blobs().add_copy(path);
    const std::uint64_t size = store_.blobs().size(digest).value_or(0);
    add({.media_type = std::string(media_type::kPackageFile),
         .digest = digest,
         .size = size,
         .name = file.generic_string()},
        false);
  }
}

void ModelBuilder::start_from_folder(const fs::path& folder) {
  add_folder(folder, false);
}

void ModelBuilder::take_folder(const fs::path& folder) {
  add_folder(folder, true);
}

void ModelBuilder::apply(const ModelSettings& settings) {
  if (settings.chat_template) replace_text(media_type::kTemplate, *settings.chat_template);
  if (settings.system) replace_text(media_type::kSystem, *settings.system);
  if (!settings.parameters.empty()) {
    Json parameters = base_.parameters;
    for (const auto& [name, value] : settings.parameters.items()) parameters[name] = value;
    replace_text(media_type::kParameters, parameters.dump());
  }
  if (!settings.messages.empty()) {
    replace_text(media_type::kMessages, messages_json(settings.messages).dump());
  }
  for (const std::string& license : settings.licenses) add_text(media_type::kLicense, license);
  const std::array<std::pair<const char*, const std::string*>, 4> texts{
      {{"renderer", &settings.renderer},
       {"parser", &settings.parser},
       {"requires", &settings.requires_version},
       {kDraftMember, &settings.draft}}};
  for (const auto& [name, value] : texts) {
    if (!value->empty()) config_[name] = *value;
  }
}

void ModelBuilder::describe(const Json& info) {
  for (const auto& [name, value] : info.items()) config_[name] = value;
}

Manifest ModelBuilder::manifest(const std::string& config) const {
  return {.config = {.media_type = std::string(media_type::kConfig),
                     .digest = Digest::of(config),
                     .size = config.size()},
          .layers = layers_};
}

std::shared_ptr<const model::Package> ModelBuilder::open_package(const std::string& name) const {
  return model::Package::open(store_.package_folder(manifest("{}"), name));
}

void ModelBuilder::check_package(const std::string& name) {
  const std::shared_ptr<const model::Package> package = open_package(name);
  config_["model_format"] = "axmodel";
  config_["model_family"] = package->architecture();
  config_["model_families"] = Json::array({package->architecture()});
  config_["base_name"] = name;
  config_["embedding_length"] = package->hidden_size();
  if (package->context_length()) config_["context_length"] = *package->context_length();
  if (!package->weight_type().empty()) config_["file_type"] = package->weight_type();
}

void ModelBuilder::write(const ModelName& name) {
  Json diffs = Json::array();
  for (const Layer& layer : layers_) diffs.push_back(layer.digest.text());
  Json root;
  root["type"] = "layers";
  root["diff_ids"] = std::move(diffs);
  config_["rootfs"] = std::move(root);
  const std::string config = config_.dump(-1, ' ', false, Json::error_handler_t::replace);
  const Manifest made = manifest(config);
  const BlobPin pin(store_.blobs(), made.config.digest);
  store_.blobs().put(config);
  std::set<Digest> replaced;
  try {
    if (const auto old = store_.manifests().find(name)) {
      replaced.insert(old->manifest->config.digest);
      for (const Layer& layer : old->manifest->layers) replaced.insert(layer.digest);
    }
  } catch (const Error&) {  // one that cannot be read is replaced, too; nothing is known of its blobs
  }
  status_("writing manifest");
  store_.manifests().write(name, made.text());
  pins_.clear();
  if (!replaced.empty()) store_.remove_unreferenced(replaced);
}

}  // namespace axllama::store
