#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace axllama::store {

/// A model's name: "[scheme://][host[:port]/][namespace/]model[:tag]". Always well formed. Names are compared
/// without regard to case.
struct ModelName {
  static constexpr std::string_view kDefaultHost = "registry.ollama.ai";
  static constexpr std::string_view kDefaultNamespace = "library";
  static constexpr std::string_view kDefaultTag = "latest";

  std::string scheme;  // "http", "https" or empty; no part of the model's identity
  std::string host{kDefaultHost};
  std::string space{kDefaultNamespace};
  std::string model;
  std::string tag{kDefaultTag};

  /// Blanks around it are dropped. Empty when a part is missing, too long or holds a character it may not.
  static std::optional<ModelName> parse(std::string_view text);
  /// As parse(); throws Error (kInvalidArgument) `invalid model name`.
  static ModelName require(std::string_view text);

  /// As shown: default host and namespace dropped, the tag always there ("qwen3:4b").
  std::string short_text() const;
  /// "registry.ollama.ai/library/qwen3:4b".
  std::string full_text() const;
  /// Below a store's folder of manifests: "registry.ollama.ai/library/qwen3/4b".
  std::filesystem::path path() const;
  bool same_as(const ModelName& other) const;
};

bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept;

}  // namespace axllama::store
