#include "api/chat/model_names.h"

#include <vector>

#include "base/error.h"

namespace axllama::api::chat {
namespace {

constexpr std::string_view kDefaultHost = "registry.ollama.ai";
constexpr std::string_view kDefaultNamespace = "library";
constexpr std::string_view kDefaultTag = "latest";
constexpr std::size_t kMaxHost = 350;
constexpr std::size_t kMaxPart = 80;

[[noreturn]] void fail(const std::string& message) {
  throw base::Error(base::ErrorCode::kInvalidArgument, message);
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// A name part: begins with a letter, a digit or '_'; then also '-' and what `more` lists.
bool is_part(std::string_view part, std::size_t longest, std::string_view more) {
  if (part.empty() || part.size() > longest || (!is_alphanumeric(part[0]) && part[0] != '_')) {
    return false;
  }
  for (const char c : part) {
    if (!is_alphanumeric(c) && c != '_' && c != '-' && more.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

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
    fail("use either :local or :cloud, not both: \"" + std::string(whole) + "\"");
  }
  return name;
}

}  // namespace

std::string short_model_name(std::string_view asked) {
  std::string_view rest = without_source(trim(asked));
  if (const auto scheme = rest.find("://"); scheme != std::string_view::npos) {
    rest.remove_prefix(scheme + 3);
  }
  std::vector<std::string_view> parts;
  while (true) {
    const auto slash = rest.find('/');
    parts.push_back(rest.substr(0, slash));
    if (slash == std::string_view::npos) {
      break;
    }
    rest.remove_prefix(slash + 1);
  }
  std::string_view model = parts.back();
  std::string_view tag = kDefaultTag;
  if (const auto colon = model.find(':'); colon != std::string_view::npos) {
    tag = model.substr(colon + 1);
    model = model.substr(0, colon);
  }
  const std::string_view space = parts.size() > 1 ? parts[parts.size() - 2] : kDefaultNamespace;
  const std::string_view host = parts.size() > 2 ? parts[0] : kDefaultHost;
  if (parts.size() > 3 || !is_part(model, kMaxPart, ".") || !is_part(tag, kMaxPart, ".") ||
      !is_part(space, kMaxPart, "") || !is_part(host, kMaxHost, ".:")) {
    fail("invalid model name");
  }
  std::string name;
  if (host != kDefaultHost) {
    name += std::string(host) + "/";
  }
  if (host != kDefaultHost || space != kDefaultNamespace) {
    name += std::string(space) + "/";
  }
  name += model;
  name += ':';
  name += tag;
  return name;
}

std::string full_model_name(std::string_view short_name) {
  std::string name(short_name);
  const auto slashes = static_cast<int>(short_name.find('/') != std::string_view::npos) +
                       static_cast<int>(short_name.find('/') != short_name.rfind('/'));
  if (slashes == 0) {
    name.insert(0, std::string(kDefaultNamespace) + "/");
  }
  if (slashes < 2) {
    name.insert(0, std::string(kDefaultHost) + "/");
  }
  return name;
}

}  // namespace axllama::api::chat
