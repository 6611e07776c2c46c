#include "cli/image_paths.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/base64.h"
#include "base/error.h"
#include "cli/answer_settings.h"

namespace axllama::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargestImage = 100'000'000;

struct Word {
  std::string text;     // quotes and backslashes taken away
  std::size_t end = 0;  // past its last character in the prompt
};

/// The word that begins at `begin`, as a shell would read it.
Word read_word(std::string_view prompt, std::size_t begin) {
  Word word;
  const char quote = prompt[begin] == '"' || prompt[begin] == '\'' ? prompt[begin] : '\0';
  std::size_t at = begin + (quote == '\0' ? 0 : 1);
  for (; at < prompt.size(); ++at) {
    if (quote != '\0' ? prompt[at] == quote : std::isspace(static_cast<unsigned char>(prompt[at])) != 0)
      break;
    if (quote == '\0' && prompt[at] == '\\' && at + 1 < prompt.size()) ++at;
    word.text += prompt[at];
  }
  word.end = std::min(at + (quote == '\0' ? 0 : 1), prompt.size());
  return word;
}

std::optional<fs::path> image_path(const std::string& word) {
  constexpr std::array<std::string_view, 4> kBegins{"/", "./", "../", "~/"};
  constexpr std::array<std::string_view, 4> kExtensions{".jpg", ".jpeg", ".png", ".webp"};
  if (std::none_of(kBegins.begin(), kBegins.end(), [&](auto begin) { return word.starts_with(begin); })) {
    return std::nullopt;
  }
  fs::path path = word;
  if (const char* home = std::getenv("HOME"); word.starts_with("~/") && home != nullptr) {
    path = fs::path(home) / word.substr(2);
  }
  std::string extension = path.extension();
  for (char& letter : extension) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  std::error_code ignored;
  const bool image = std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
  return image && fs::is_regular_file(path, ignored) ? std::optional(std::move(path)) : std::nullopt;
}

}  // namespace

PromptWithImages find_images(const std::string& prompt) {
  PromptWithImages found;
  for (std::size_t at = 0; at < prompt.size();) {
    const bool begins_word = at == 0 || std::isspace(static_cast<unsigned char>(prompt[at - 1])) != 0;
    if (begins_word && std::isspace(static_cast<unsigned char>(prompt[at])) == 0) {
      const Word word = read_word(prompt, at);
      if (auto path = image_path(word.text)) {
        found.images.push_back(std::move(*path));
        at = word.end;
        continue;
      }
    }
    found.text += prompt[at++];
  }
  if (found.images.empty()) return found;
  const auto first = found.text.find_first_not_of(" \t\n");
  found.text = first == std::string::npos
                   ? ""
                   : found.text.substr(first, found.text.find_last_not_of(" \t\n") - first + 1);
  return found;
}

nlohmann::ordered_json load_images(const PromptWithImages& prompt, const nlohmann::ordered_json& show,
                                   const std::string& model) {
  using base::Error;
  using base::ErrorCode;
  nlohmann::ordered_json images = nlohmann::ordered_json::array();
  for (const fs::path& path : prompt.images) {
    if (!has_capability(show, "vision")) {
      throw Error(ErrorCode::kInvalidArgument, "the model '" + model +
                                                   "' reads text only and cannot look at " + path.string() +
                                                   "; its capabilities do not include vision");
    }
    std::error_code failed;
    if (const auto size = fs::file_size(path, failed); !failed && size > kLargestImage) {
      throw Error(ErrorCode::kInvalidArgument, path.string() + " has " + std::to_string(size) +
                                                   " bytes; pictures may have " +
                                                   std::to_string(kLargestImage));
    }
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file.is_open() || file.bad()) throw Error(ErrorCode::kNotFound, "cannot read " + path.string());
    images.push_back(base::to_base64(bytes));
  }
  return images;
}

}  // namespace axllama::cli
