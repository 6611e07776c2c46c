#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/digest.h"
#include "store/json.h"

namespace axllama::store {

/// Media types of the layers that this program understands. Others are kept as they are.
namespace media_type {
inline constexpr std::string_view kManifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kConfig = "application/vnd.docker.container.image.v1+json";
/// One file of a model package; its path within the package is the layer's name. A stock Ollama keeps such
/// layers and does not look at them.
inline constexpr std::string_view kPackageFile = "application/vnd.axllama.package.file";
inline constexpr std::string_view kModel = "application/vnd.ollama.image.model";  // GGUF
inline constexpr std::string_view kAdapter = "application/vnd.ollama.image.adapter";
inline constexpr std::string_view kTemplate = "application/vnd.ollama.image.template";
inline constexpr std::string_view kSystem = "application/vnd.ollama.image.system";
inline constexpr std::string_view kParameters = "application/vnd.ollama.image.params";
inline constexpr std::string_view kMessages = "application/vnd.ollama.image.messages";
inline constexpr std::string_view kLicense = "application/vnd.ollama.image.license";
}  // namespace media_type

/// The member of a manifest's config that names a model's draft. Ollama's own "draft" is of GGUF files; it
/// does not look at this one.
inline constexpr const char* kDraftMember = "axllama_draft";

/// A blob as a manifest refers to it.
struct Layer {
  std::string media_type;
  Digest digest;
  std::uint64_t size = 0;
  std::string name = {};         // of a package's file: "qwen3_tokenizer/tokenizer.json"
  Json others = Json::object();  // members this program does not know
};

/// What makes up a model: a file in the form of the Docker registry's image manifests.
struct Manifest {
  Layer config;
  std::vector<Layer> layers;

  /// Throws Error (kInvalidArgument) saying what is wrong.
  static Manifest parse(std::string_view text);
  std::string text() const;

  std::vector<const Layer*> layers_of(std::string_view type) const;
  /// A model that this program can run: at least one layer is a file of a package.
  bool has_package() const;
  /// All layers and the config.
  std::uint64_t total_bytes() const;
  /// SHA-256 over names and digests of the package's files: equal for models that differ only in what a
  /// Modelfile adds. Empty without a package.
  std::optional<Digest> package_digest() const;
};

/// A path within a package: relative, without "." and ".." and without backslashes. Throws Error
/// (kInvalidArgument) `file path must be relative`.
void check_package_path(const std::string& path);

}  // namespace axllama::store
