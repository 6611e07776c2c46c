#include "cli/model_folder.h"

#include <system_error>

#include "api/server_config.h"
#include "store/library.h"

namespace axllama::cli {

std::filesystem::path find_model_folder(const std::string& name_or_path) {
  std::error_code error;
  if (std::filesystem::is_directory(name_or_path, error)) return name_or_path;
  return store::Library(api::default_model_roots()).find(name_or_path).folder;
}

}  // namespace axllama::cli
