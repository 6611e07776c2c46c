#include "cli/environment.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>

#include "base/error.h"

namespace axllama::cli {
namespace {

std::string trimmed(std::string_view text) {
  constexpr std::string_view kEdges = " \t\r\n\"'";
  const auto first = text.find_first_not_of(kEdges);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kEdges) - first + 1));
}

}  // namespace

std::string setting(const std::string& name) {
  for (const char* prefix : {"AXLLAMA_", "OLLAMA_"}) {
    const char* value = std::getenv((prefix + name).c_str());
    if (std::string text = trimmed(value == nullptr ? "" : value); !text.empty()) return text;
  }
  return {};
}

bool switch_setting(const std::string& name) {
  std::string text = setting(name);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return !text.empty() && text != "0" && text != "f" && text != "false";
}

std::filesystem::path home_folder(const std::string& why) {
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    throw base::Error(base::ErrorCode::kInvalidArgument, "HOME is not set, and " + why);
  }
  return home;
}

}  // namespace axllama::cli
