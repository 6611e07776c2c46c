#include "text/constraint/schema_document.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/constraint/limits.h"

namespace axllama::text {
namespace {

using Json = SchemaDocument::Json;

[[noreturn]] void refuse_whole(const std::string& why) {
  throw base::Error(base::ErrorCode::kInvalidArgument, "The schema " + why + ".");
}

std::string escaped(std::string_view key) {
  std::string text;
  for (const char c : key) {
    if (c == '~') {
      text += "~0";
    } else if (c == '/') {
      text += "~1";
    } else {
      text.push_back(c);
    }
  }
  return text;
}

/// %XX of a URI fragment, then ~0 and ~1 of a JSON pointer.
std::string unescaped(std::string_view token) {
  std::string bytes;
  for (std::size_t i = 0; i < token.size(); ++i) {
    unsigned code = 0;
    if (token[i] == '%' && i + 2 < token.size() &&
        std::from_chars(token.data() + i + 1, token.data() + i + 3, code, 16).ptr == token.data() + i + 3) {
      bytes.push_back(static_cast<char>(code));
      i += 2;
    } else {
      bytes.push_back(token[i]);
    }
  }
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '~' && i + 1 < bytes.size() && (bytes[i + 1] == '0' || bytes[i + 1] == '1')) {
      text.push_back(bytes[++i] == '0' ? '~' : '/');
    } else {
      text.push_back(bytes[i]);
    }
  }
  return text;
}

}  // namespace

SchemaDocument::SchemaDocument(const Json& root) : root_(root) {
  std::size_t bytes = 0;
  std::vector<std::pair<const Json*, int>> work{{&root, 0}};
  places_[&root] = {};
  while (!work.empty()) {
    const auto [value, depth] = work.back();
    work.pop_back();
    if (depth > kConstraintLimits.max_nesting) {
      refuse_whole("is nested deeper than " + std::to_string(kConstraintLimits.max_nesting) + " levels");
    }
    if (value->is_string()) bytes += value->get_ref<const std::string&>().size();
    note_names(*value);
    std::size_t index = 0;
    for (auto entry = value->begin(); value->is_structured() && entry != value->end(); ++entry, ++index) {
      Place place{value, {}, index};
      if (value->is_object()) {
        place.key = entry.key();
        bytes += place.key.size();
      }
      places_.emplace(&*entry, place);
      work.emplace_back(&*entry, depth + 1);
    }
    if (places_.size() > kConstraintLimits.max_schema_values) {
      refuse_whole("has more than " + std::to_string(kConstraintLimits.max_schema_values) + " values");
    }
    if (bytes > kConstraintLimits.max_source_bytes) {
      refuse_whole("is larger than " + std::to_string(kConstraintLimits.max_source_bytes) + " bytes");
    }
  }
}

void SchemaDocument::note_names(const Json& value) {
  if (!value.is_object()) return;
  for (const char* keyword : {"$id", "$anchor", "id"}) {
    const auto name = value.find(keyword);
    if (name != value.end() && name->is_string()) {
      named_.emplace(name->get_ref<const std::string&>(), &value);
    }
  }
}

std::string SchemaDocument::path(const Json& value) const {
  std::vector<std::string> steps;
  const Json* at = &value;
  for (auto place = places_.find(at); place != places_.end() && place->second.parent != nullptr;
       place = places_.find(at)) {
    steps.push_back(place->second.parent->is_object() ? escaped(place->second.key)
                                                      : std::to_string(place->second.index));
    at = place->second.parent;
  }
  std::string path = "#";
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) path += "/" + *step;
  return path;
}

const Json* SchemaDocument::find(std::string_view pointer) const {
  const Json* at = &root_;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);  // the slash
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    const std::string step = unescaped(pointer.substr(0, end));
    pointer.remove_prefix(end);
    if (at->is_object()) {
      const auto member = at->find(step);
      if (member == at->end()) return nullptr;
      at = &*member;
    } else if (at->is_array()) {
      std::size_t index = 0;
      const auto read = std::from_chars(step.data(), step.data() + step.size(), index);
      if (read.ec != std::errc() || read.ptr != step.data() + step.size() || index >= at->size())
        return nullptr;
      at = &(*at)[index];
    } else {
      return nullptr;
    }
  }
  return at;
}

const Json& SchemaDocument::resolve(const Json& schema, const std::string& reference) const {
  const Json* found = nullptr;
  if (reference == "#") {
    found = &root_;
  } else if (reference.starts_with("#/")) {
    found = find(std::string_view(reference).substr(1));
  } else {
    const std::string_view name = reference;
    const auto known = named_.find(name.starts_with('#') ? name.substr(1) : name);
    if (known != named_.end()) found = known->second;
  }
  if (found == nullptr) {
    refuse(schema, "$ref", "refers to \"" + reference + "\", which is not in the schema");
  }
  return *found;
}

void SchemaDocument::refuse(const Json& schema, std::string_view keyword, const std::string& why) const {
  throw base::Error(base::ErrorCode::kInvalidArgument, "The schema's keyword \"" + std::string(keyword) +
                                                           "\" at \"" + path(schema) + "\" " + why + ".");
}

void SchemaDocument::refuse_value(const Json& schema, const std::string& why) const {
  refuse_whole("at \"" + path(schema) + "\" " + why);
}

}  // namespace axllama::text
