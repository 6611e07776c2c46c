#include "cli/answer_settings.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <string_view>

#include "base/error.h"

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void refuse(const std::string& sentence) {
  throw base::Error(base::ErrorCode::kInvalidArgument, sentence);
}

Json parse_schema(const std::string& text, const std::string& where) {
  Json schema = Json::parse(text, nullptr, false);
  if (!schema.is_object()) refuse(where + " is not a JSON schema: it has to be a JSON object");
  return schema;
}

}  // namespace

Json parse_format(const std::string& text) {
  if (text == "json") return "json";
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '{') return parse_schema(text, "the format given");
  std::ifstream file(text, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) {
    refuse("the format '" + text + "' is neither json, nor a JSON schema, nor a file that can be read");
  }
  return parse_schema(content, text);
}

Json parse_think(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  constexpr std::array<std::string_view, 4> kLevels{"low", "medium", "high", "max"};
  if (std::find(kLevels.begin(), kLevels.end(), text) == kLevels.end()) {
    refuse("thinking can be true, false, low, medium, high or max, not '" + text + "'");
  }
  return text;
}

bool has_capability(const Json& show, const std::string& capability) {
  const auto found = show.find("capabilities");
  if (found == show.end() || !found->is_array()) return true;
  return std::find(found->begin(), found->end(), Json(capability)) != found->end();
}

}  // namespace axllama::cli
