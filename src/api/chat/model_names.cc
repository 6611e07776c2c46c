#include "api/chat/model_names.h"

#include "base/error.h"

namespace axllama::api::chat {
namespace {

using store::ModelName;

bool drop_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix) || text.size() == suffix.size()) {
    return false;
  }
  text.remove_suffix(suffix.size());
  return true;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto first = text.find_first_not_of(kBlanks);
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string_view without_source(std::string_view name) {
  const std::string_view whole = name;
  const bool local = drop_suffix(name, ":local");
  std::string_view rest = name;
  const bool cloud = drop_suffix(rest, ":cloud") || drop_suffix(rest, "-cloud");
  std::string_view before_cloud = rest;
  if ((local && cloud) || (cloud && drop_suffix(before_cloud, ":local"))) {
    throw base::Error(base::ErrorCode::kInvalidArgument,
                      "use either :local or :cloud, not both: \"" + std::string(whole) + "\"");
  }
  return name;
}

}  // namespace

std::optional<ModelName> parse_model_name(std::string_view asked) {
  return ModelName::parse(without_source(trim(asked)));
}

ModelName require_model_name(std::string_view asked) {
  return ModelName::require(without_source(trim(asked)));
}

std::string short_model_name(std::string_view asked) {
  return require_model_name(asked).short_text();
}

std::string full_model_name(std::string_view short_name) {
  std::string name(short_name);
  const auto slashes = static_cast<int>(short_name.find('/') != std::string_view::npos) +
                       static_cast<int>(short_name.find('/') != short_name.rfind('/'));
  if (slashes == 0) {
    name.insert(0, std::string(ModelName::kDefaultNamespace) + "/");
  }
  if (slashes < 2) {
    name.insert(0, std::string(ModelName::kDefaultHost) + "/");
  }
  return name;
}

}  // namespace axllama::api::chat
