#include <nlohmann/json.hpp>

#include "base/error.h"
#include "text/tokenizer/json_file.h"
#include "text/tokenizer/package_files.h"
#include "text/tokenizer/tokenizer.h"
#include "text/tokenizer/tokenizer_json.h"
#include "text/tokenizer/vendor_text.h"

namespace axllama::text {
namespace {

std::shared_ptr<const Tokenizer> load_with(const std::filesystem::path& file, const PackageFiles& files) {
  const std::string text = read_text_file(file);
  TokenizerParts parts;
  if (is_vendor_tokenizer_text(text)) {
    parts = read_vendor_tokenizer_text(text, file.string(), files.config);
  } else {
    const auto extra = files.tokenizer_config.find("added_tokens_decoder");
    parts = read_tokenizer_json(text, file.string(),
                                extra == files.tokenizer_config.end() ? nlohmann::json() : *extra);
  }
  std::unique_ptr<TokenizerData> data = assemble(std::move(parts));
  apply_package_files(files, *data);
  return std::make_shared<const Tokenizer>(std::move(data));
}

}  // namespace

std::shared_ptr<const Tokenizer> Tokenizer::load(const std::filesystem::path& package_folder) {
  const std::filesystem::path file = find_tokenizer_file(package_folder);
  return load_with(file, read_package_files(file.parent_path(), package_folder));
}

std::shared_ptr<const Tokenizer> Tokenizer::load_file(const std::filesystem::path& file) {
  return load_with(file, read_package_files(file.parent_path(), file.parent_path()));
}

}  // namespace axllama::text
