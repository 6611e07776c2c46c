#include "axcl/quiet_config.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <system_error>

namespace axllama::axcl {
namespace fs = std::filesystem;

QuietConfig::QuietConfig() {
  std::error_code error;
  const fs::path temporary = fs::temp_directory_path(error);
  if (error) return;
  std::string pattern = (temporary / "axllama-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return;
  folder_ = pattern;
  const fs::path file = folder_ / "axcl.json";
  std::ofstream out(file);
  out << "{\n"
         "  \"log\": {\n"
         "    \"host\": {\"path\": \""
      << (folder_ / "axcl_logs.txt").string() << "\", \"level\": " << kLogLevelOff
      << "},\n"
         "    \"device\": {\"level\": "
      << kLogLevelOff
      << "}\n"
         "  },\n"
         "  \"dma buf size\": \"0x400000\"\n"
         "}\n";
  out.close();
  if (out) file_ = file;
}

QuietConfig::~QuietConfig() {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

}  // namespace axllama::axcl
