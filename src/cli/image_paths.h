#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace axllama::cli {

/// A prompt and the pictures it names.
struct PromptWithImages {
  std::string text;  // without the paths
  std::vector<std::filesystem::path> images;
};

/// Finds paths of existing pictures (.jpg, .jpeg, .png, .webp) in a prompt: words that begin with "/", "./",
/// "../" or "~/", in quotes or with "\ " for blanks. Other words stay as typed.
PromptWithImages find_images(const std::string& prompt);

/// The pictures as the API takes them, an array of base64 texts. Throws Error: kInvalidArgument when
/// `show`, the reply of POST /api/show for `model`, does not count vision among its capabilities or a file is
/// larger than 100 MB, kNotFound when one cannot be read.
nlohmann::ordered_json load_images(const PromptWithImages& prompt, const nlohmann::ordered_json& show,
                                   const std::string& model);

}  // namespace axllama::cli
