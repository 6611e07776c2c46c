#include "model/package_files.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/error.h"

namespace axllama::model {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

constexpr std::string_view kEmbeddingName = "model.embed_tokens.weight.bfloat16.bin";
constexpr std::string_view kLfsMark = "version https://git-lfs.github.com/spec/";
constexpr std::uintmax_t kLfsPointerMaxBytes = 1024;

[[noreturn]] void fail(const std::string& message) {
  throw Error(ErrorCode::kInvalidArgument, message);
}

/// Regular files of a folder by name, sorted.
std::vector<fs::path> files_of(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    std::error_code ignored;
    if (entry.is_regular_file(ignored)) files.push_back(entry.path());
  }
  if (error) {
    throw Error(
        error == std::errc::no_such_file_or_directory ? ErrorCode::kNotFound : ErrorCode::kInvalidArgument,
        "The model folder " + folder.string() + " cannot be read: " + error.message() + ".");
  }
  std::sort(files.begin(), files.end());
  return files;
}

void check_lfs_pointer(const fs::path& file) {
  std::error_code ignored;
  const std::uintmax_t size = fs::file_size(file, ignored);
  if (ignored || size > kLfsPointerMaxBytes) return;
  std::ifstream in(file, std::ios::binary);
  std::string content(size, '\0');
  in.read(content.data(), static_cast<std::streamsize>(size));
  if (!content.starts_with(kLfsMark)) return;
  std::string wanted;
  if (const std::size_t at = content.find("\nsize "); at != std::string::npos) {
    wanted = " of the " + content.substr(at + 6, content.find_first_not_of("0123456789", at + 6) - at - 6) +
             " bytes it stands for";
  }
  fail(file.string() + " is a git-LFS pointer: it has " + std::to_string(size) + " bytes instead" + wanted +
       ". Fetch the content with \"git lfs pull\" in its folder.");
}

/// A file the configuration names: must exist.
fs::path named_file(const fs::path& folder, const std::string& name, const PackageConfig& config,
                    const char* key) {
  fs::path file = folder / name;
  std::error_code ignored;
  if (fs::is_regular_file(file, ignored)) return file;
  throw Error(ErrorCode::kNotFound, config.file.string() + " names \"" + name + "\" as " + key + ", but " +
                                        file.string() + " does not exist.");
}

struct LayerName {
  std::string pattern;  // file name with %d for the index
  std::string name;     // "qwen3"
  std::size_t index = 0;
};

std::optional<LayerName> parse_layer_name(const std::string& file) {
  static const std::regex kPattern(R"(^(.+?)(_p\d+)?_l(\d{1,6})(_together)?\.axmodel$)");
  std::smatch match;
  if (!std::regex_match(file, match, kPattern)) return std::nullopt;
  LayerName layer;
  layer.name = match[1];
  layer.pattern = layer.name + match[2].str() + "_l%d" + match[4].str() + ".axmodel";
  const std::string digits = match[3];
  std::from_chars(digits.data(), digits.data() + digits.size(), layer.index);
  return layer;
}

struct LayerSet {
  std::string pattern;
  std::string name;
  std::map<std::size_t, fs::path> files;
};

std::string expand(const std::string& pattern, std::size_t index) {
  const std::size_t at = pattern.find("%d");
  return pattern.substr(0, at) + std::to_string(index) + pattern.substr(at + 2);
}

LayerSet find_layer_set(const std::vector<fs::path>& files, const fs::path& folder,
                        const PackageConfig& config) {
  LayerSet set;
  if (!config.layer_template.empty() && config.layer_template.find("%d") == std::string::npos) {
    fail(config.file.string() + ": \"template_filename_axmodel\" is \"" + config.layer_template +
         "\", which has no %d for the layer's number.");
  }
  for (const fs::path& file : files) {
    const std::optional<LayerName> layer = parse_layer_name(file.filename().string());
    if (!layer) continue;
    if (!config.layer_template.empty() && layer->pattern != config.layer_template) continue;
    if (!set.pattern.empty() && layer->pattern != set.pattern) {
      fail("The model folder " + folder.string() + " mixes two sets of layers: " + set.pattern + " and " +
           layer->pattern + ".");
    }
    set.pattern = layer->pattern;
    set.name = layer->name;
    const auto [known, added] = set.files.emplace(layer->index, file);
    if (!added) {
      fail("Layer " + std::to_string(layer->index) + " is there twice in " + folder.string() + ": " +
           known->second.filename().string() + " and " + file.filename().string() + ".");
    }
  }
  if (set.files.empty()) {
    const std::string wanted =
        config.layer_template.empty() ? "NAME_p128_l0_together.axmodel" : config.layer_template;
    throw Error(ErrorCode::kNotFound,
                "The model folder " + folder.string() + " has no layer files (such as " + wanted + ").");
  }
  return set;
}

std::vector<fs::path> find_layers(const std::vector<fs::path>& files, const fs::path& folder,
                                  const PackageConfig& config, std::string& name) {
  const LayerSet set = find_layer_set(files, folder, config);
  name = set.name;
  const std::size_t count = set.files.rbegin()->first + 1;
  std::vector<fs::path> layers;
  for (std::size_t index = 0; index < count; ++index) {
    const auto found = set.files.find(index);
    if (found == set.files.end()) {
      throw Error(ErrorCode::kNotFound, "Layer " + std::to_string(index) +
                                            " is missing: " + (folder / expand(set.pattern, index)).string() +
                                            " does not exist, but layers up to " + std::to_string(count - 1) +
                                            " do.");
    }
    layers.push_back(found->second);
  }
  if (config.layer_count && *config.layer_count != count) {
    fail(config.file.string() + " says the model has " + std::to_string(*config.layer_count) +
         " layers, but " + folder.string() + " has " + std::to_string(count) + " layer files.");
  }
  return layers;
}

/// The one file that `matches`; throws when there is none or more than one.
template <typename Predicate>
fs::path only_file(const std::vector<fs::path>& files, const fs::path& folder, const std::string& what,
                   Predicate matches) {
  std::vector<fs::path> found;
  std::copy_if(files.begin(), files.end(), std::back_inserter(found),
               [&](const fs::path& file) { return matches(file.filename().string()); });
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    throw Error(ErrorCode::kNotFound, "The model folder " + folder.string() + " has no " + what + ".");
  }
  fail("The model folder " + folder.string() + " has more than one " + what + ": " +
       found[0].filename().string() + " and " + found[1].filename().string() + ".");
}

fs::path find_head(const std::vector<fs::path>& files, const fs::path& folder, const PackageConfig& config) {
  if (!config.head_file.empty()) return named_file(folder, config.head_file, config, "the output head");
  return only_file(files, folder, "output head (NAME_post.axmodel)",
                   [](const std::string& name) { return name.ends_with("_post.axmodel"); });
}

fs::path find_embedding(const std::vector<fs::path>& files, const fs::path& folder,
                        const PackageConfig& config) {
  if (!config.embedding_file.empty())
    return named_file(folder, config.embedding_file, config, "the embedding table");
  const std::string what = "embedding table (" + std::string(kEmbeddingName) + ")";
  for (const fs::path& file : files) {
    if (file.filename() == kEmbeddingName) return file;
  }
  return only_file(files, folder, what, [](const std::string& name) {
    return name.find("embed_tokens") != std::string::npos && name.ends_with("bfloat16.bin");
  });
}

void refuse_empty(const fs::path& file) {
  std::error_code ignored;
  if (fs::file_size(file, ignored) == 0) fail(file.string() + " is empty (0 bytes).");
}

bool is_tokenizer_folder(const fs::directory_entry& entry) {
  std::error_code ignored;
  return entry.is_directory(ignored) &&
         entry.path().filename().string().find("tokenizer") != std::string::npos;
}

std::vector<fs::path> tokenizer_folders(const fs::path& folder) {
  std::error_code ignored;
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (is_tokenizer_folder(entry)) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

}  // namespace

PackageFiles find_package_files(const fs::path& folder, const PackageConfig& config) {
  const std::vector<fs::path> files = files_of(folder);
  PackageFiles package;
  package.folder = folder;
  package.layers = find_layers(files, folder, config, package.name);
  package.head = find_head(files, folder, config);
  package.embedding = find_embedding(files, folder, config);
  for (const fs::path& layer : package.layers) refuse_empty(layer);
  refuse_empty(package.head);
  refuse_empty(package.embedding);
  return package;
}

void refuse_lfs_pointers(const fs::path& folder) {
  for (const fs::path& file : files_of(folder)) check_lfs_pointer(file);
  for (const fs::path& tokenizer : tokenizer_folders(folder)) {
    for (const fs::path& file : files_of(tokenizer)) check_lfs_pointer(file);
  }
}

std::uint64_t package_bytes(const fs::path& folder) {
  std::error_code error;
  std::uint64_t bytes = 0;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_directory(ignored)) {
      if (entry->path().filename().string().starts_with(".")) entry.disable_recursion_pending();
      continue;
    }
    if (!entry->is_regular_file(ignored)) continue;
    const std::uintmax_t size = entry->file_size(ignored);
    if (!ignored) bytes += size;
  }
  return bytes;
}

fs::path tokenizer_folder(const fs::path& folder) {
  const auto has_files = [](const fs::path& candidate) {
    std::error_code ignored;
    return fs::exists(candidate / "tokenizer_config.json", ignored) ||
           fs::exists(candidate / "chat_template.jinja", ignored) ||
           fs::exists(candidate / "chat_template.json", ignored);
  };
  if (has_files(folder)) return folder;
  for (const fs::path& candidate : tokenizer_folders(folder)) {
    if (has_files(candidate)) return candidate;
  }
  return folder;
}

}  // namespace axllama::model
