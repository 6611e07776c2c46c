#include "store/model_name.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "base/error.h"

namespace axllama::store {
namespace {

constexpr std::size_t kMaxHost = 350;
constexpr std::size_t kMaxPart = 80;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// A part begins with a letter, a digit or '_'; then it may hold '-' and what `more` lists, too.
bool is_part(std::string_view part, std::size_t longest, std::string_view more) {
  if (part.empty() || part.size() > longest || (!is_letter_or_digit(part[0]) && part[0] != '_')) return false;
  return std::all_of(part.begin(), part.end(), [more](char c) {
    return is_letter_or_digit(c) || c == '_' || c == '-' || more.find(c) != std::string_view::npos;
  });
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  });
}

std::optional<ModelName> ModelName::parse(std::string_view text) {
  std::string_view rest = trim(text);
  ModelName name;
  if (const auto end = rest.find("://"); end != std::string_view::npos) {
    name.scheme = rest.substr(0, end);
    if (name.scheme != "http" && name.scheme != "https") return std::nullopt;
    rest.remove_prefix(end + 3);
  }
  const std::vector<std::string_view> parts = split(rest, '/');
  if (parts.size() > 3) return std::nullopt;
  std::string_view model = parts.back();
  if (const auto colon = model.find(':'); colon != std::string_view::npos) {
    name.tag = model.substr(colon + 1);
    model = model.substr(0, colon);
  }
  name.model = model;
  if (parts.size() > 1) name.space = parts[parts.size() - 2];
  if (parts.size() > 2) name.host = parts.front();
  if (!is_part(name.host, kMaxHost, ".:") || !is_part(name.space, kMaxPart, "") ||
      !is_part(name.model, kMaxPart, ".") || !is_part(name.tag, kMaxPart, ".")) {
    return std::nullopt;
  }
  return name;
}

ModelName ModelName::require(std::string_view text) {
  if (auto name = parse(text)) return std::move(*name);
  throw base::Error(base::ErrorCode::kInvalidArgument, "invalid model name",
                    "\"" + std::string(text.substr(0, 400)) + "\"");
}

std::string ModelName::short_text() const {
  std::string text;
  const bool default_host = equal_ignoring_case(host, kDefaultHost);
  if (!default_host) text += host + "/";
  if (!default_host || !equal_ignoring_case(space, kDefaultNamespace)) text += space + "/";
  return text + model + ":" + tag;
}

std::string ModelName::full_text() const {
  return host + "/" + space + "/" + model + ":" + tag;
}

std::filesystem::path ModelName::path() const {
  return std::filesystem::path(host) / space / model / tag;
}

bool ModelName::same_as(const ModelName& other) const {
  return equal_ignoring_case(full_text(), other.full_text());
}

}  // namespace axllama::store
