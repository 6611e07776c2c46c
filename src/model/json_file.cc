#include "model/json_file.h"

#include <fstream>
#include <system_error>

#include <nlohmann/json.hpp>
#include <unistd.h>

namespace axllama::model {

namespace fs = std::filesystem;

bool replace_json_file(const fs::path& file, const nlohmann::ordered_json& json) {
  std::error_code error;
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), error);
  const fs::path unfinished = file.string() + "." + std::to_string(::getpid()) + ".tmp";
  bool written = false;
  {
    std::ofstream out(unfinished, std::ios::binary);
    out << json.dump() << '\n';
    written = static_cast<bool>(out.flush());
  }
  if (written) fs::rename(unfinished, file, error);
  if (!written || error) {
    std::error_code ignored;
    fs::remove(unfinished, ignored);
    return false;
  }
  return true;
}

}  // namespace axllama::model
