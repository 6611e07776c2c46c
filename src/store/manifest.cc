#include "store/manifest.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "store/sha256.h"

namespace axllama::store {
namespace {

using base::Error;
using base::ErrorCode;

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument, "the manifest is not usable: " + what);
}

const Json& member(const Json& object, const char* name) {
  if (!object.is_object()) fail("it holds something else where an object is expected");
  const auto found = object.find(name);
  if (found == object.end()) fail("the member \"" + std::string(name) + "\" is missing");
  return *found;
}

std::string string_member(const Json& object, const char* name) {
  const Json& value = member(object, name);
  if (!value.is_string()) fail("the member \"" + std::string(name) + "\" is not a string");
  return value.get<std::string>();
}

std::uint64_t size_member(const Json& object) {
  const Json& value = member(object, "size");
  if (!value.is_number_unsigned()) fail("the member \"size\" is not a whole number");
  return value.get<std::uint64_t>();
}

Layer parse_layer(const Json& object) {
  Layer layer{.media_type = string_member(object, "mediaType"),
              .digest = Digest::require(string_member(object, "digest")),
              .size = size_member(object)};
  if (const auto name = object.find("name"); name != object.end() && name->is_string()) {
    layer.name = name->get<std::string>();
  }
  for (const auto& [key, value] : object.items()) {
    if (key != "mediaType" && key != "digest" && key != "size" && key != "name") layer.others[key] = value;
  }
  if (layer.media_type == media_type::kPackageFile) check_package_path(layer.name);
  return layer;
}

Json layer_json(const Layer& layer) {
  Json object;
  object["mediaType"] = layer.media_type;
  object["digest"] = layer.digest.text();
  object["size"] = layer.size;
  if (!layer.name.empty()) object["name"] = layer.name;
  for (const auto& [key, value] : layer.others.items()) object[key] = value;
  return object;
}

}  // namespace

Manifest Manifest::parse(std::string_view text) {
  const Json document = Json::parse(text, nullptr, false);
  if (document.is_discarded()) fail("it is not JSON");
  Manifest manifest{.config = parse_layer(member(document, "config")), .layers = {}};
  const auto layers = document.find("layers");
  if (layers == document.end() || layers->is_null()) return manifest;
  if (!layers->is_array()) fail("the member \"layers\" is not an array");
  for (const Json& layer : *layers) manifest.layers.push_back(parse_layer(layer));
  return manifest;
}

std::string Manifest::text() const {
  Json document;
  document["schemaVersion"] = 2;
  document["mediaType"] = media_type::kManifest;
  document["config"] = layer_json(config);
  document["layers"] = Json::array();
  for (const Layer& layer : layers) document["layers"].push_back(layer_json(layer));
  return document.dump();
}

std::vector<const Layer*> Manifest::layers_of(std::string_view type) const {
  std::vector<const Layer*> found;
  for (const Layer& layer : layers) {
    if (layer.media_type == type) found.push_back(&layer);
  }
  return found;
}

bool Manifest::has_package() const {
  return std::any_of(layers.begin(), layers.end(),
                     [](const Layer& layer) { return layer.media_type == media_type::kPackageFile; });
}

std::uint64_t Manifest::total_bytes() const {
  std::uint64_t total = config.size;
  for (const Layer& layer : layers) total += layer.size;
  return total;
}

std::optional<Digest> Manifest::package_digest() const {
  std::map<std::string, std::string> files;
  for (const Layer* layer : layers_of(media_type::kPackageFile)) files[layer->name] = layer->digest.hex();
  if (files.empty()) return std::nullopt;
  Sha256 hash;
  for (const auto& [name, digest] : files) {
    hash.update(name);
    hash.update(std::string_view("\0", 1));
    hash.update(digest);
  }
  return Digest::from_hex(hash.hex());
}

void check_package_path(const std::string& path) {
  const auto refuse = [&path] {
    throw Error(ErrorCode::kInvalidArgument, "file path must be relative",
                "\"" + path + "\" is not a path within a package");
  };
  if (path.empty() || path.size() > 4096 || path.find('\\') != std::string::npos ||
      path.find('\0') != std::string::npos) {
    refuse();
  }
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") refuse();
    begin = end + 1;
  }
}

}  // namespace axllama::store
