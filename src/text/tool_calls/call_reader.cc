#include "text/tool_calls/call_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "text/tool_calls/json_scanner.h"

namespace axllama::text {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kBlank = " \t\r\n";
constexpr std::string_view kFunctionTag = "<function=";
constexpr std::string_view kFunctionEnd = "</function>";
constexpr std::string_view kParameterTag = "<parameter=";
constexpr std::string_view kParameterEnd = "</parameter>";

/// Discarded when the text is not JSON. The texts given here are shallow: a JsonScanner found their ends.
Json parse(std::string_view text) {
  return Json::parse(escape_control_characters(text), nullptr, false);
}

std::optional<Json> read_arguments(const Json& call) {
  for (const char* key : {"arguments", "parameters"}) {
    const auto found = call.find(key);
    if (found == call.end() || found->is_null()) {
      continue;
    }
    if (found->is_object()) {
      return *found;
    }
    if (!found->is_string()) {
      return std::nullopt;
    }
    const auto& text = found->get_ref<const std::string&>();
    JsonScanner scanner;  // limits the depth
    const bool is_whole =
        !text.empty() && text.front() == '{' &&
        std::all_of(text.begin(), text.end() - 1,
                    [&](char byte) { return scanner.push(byte) == JsonScanner::Result::kMore; }) &&
        scanner.push(text.back()) == JsonScanner::Result::kDone;
    Json arguments = is_whole ? parse(text) : Json(Json::value_t::discarded);
    return arguments.is_object() ? std::optional(std::move(arguments)) : std::nullopt;
  }
  return Json::object();
}

std::optional<ToolCall> read_call(const Json& json) {
  if (!json.is_object()) {
    return std::nullopt;
  }
  const auto function = json.find("function");
  if (function != json.end() && function->is_object()) {
    return read_call(*function);
  }
  auto name = json.find("name");
  if (name == json.end()) {
    name = function;
  }
  if (name == json.end() || !name->is_string() || name->get_ref<const std::string&>().empty()) {
    return std::nullopt;
  }
  std::optional<Json> arguments = read_arguments(json);
  if (!arguments) {
    return std::nullopt;
  }
  return ToolCall{.id = {}, .name = name->get<std::string>(), .arguments = *std::move(arguments)};
}

bool may_be_text(const Json& schema) {
  const auto type = schema.is_object() ? schema.find("type") : schema.end();
  if (!schema.is_object() || type == schema.end()) {
    return true;
  }
  return *type == "string" ||
         (type->is_array() && std::find(type->begin(), type->end(), "string") != type->end());
}

Json value_of(std::string_view text, const Json* parameters, const std::string& key) {
  if (text.starts_with('\n')) {
    text.remove_prefix(1);
  }
  if (text.ends_with('\n')) {
    text.remove_suffix(1);
  }
  if (parameters != nullptr && parameters->contains("properties") &&
      (*parameters)["properties"].is_object()) {
    const Json& properties = (*parameters)["properties"];
    const auto schema = properties.find(key);
    if (schema != properties.end() && !may_be_text(*schema) &&
        std::count_if(text.begin(), text.end(), [](char byte) { return byte == '{' || byte == '['; }) <
            static_cast<std::ptrdiff_t>(JsonScanner::kMostDepth)) {
      Json value = parse(text);
      if (!value.is_discarded()) {
        return value;
      }
    }
  }
  return std::string(text);
}

/// Takes `tag` NAME ">" from the front of `text`; the name, empty when something else stands there.
std::string take_tag(std::string_view& text, std::string_view tag) {
  const auto end = text.find('>');
  if (!text.starts_with(tag) || end == std::string_view::npos) {
    return {};
  }
  const std::string_view name = text.substr(tag.size(), end - tag.size());
  text.remove_prefix(end + 1);
  return name.find_first_of("<\n\"") == std::string_view::npos ? std::string(name) : std::string();
}

}  // namespace

std::vector<ToolCall> read_json_calls(std::string_view text) {
  const Json json = parse(text);
  std::vector<ToolCall> calls;
  const auto take = [&calls](const Json& value) {
    auto call = read_call(value);
    if (!call) {
      return false;
    }
    calls.push_back(*std::move(call));
    return true;
  };
  if (json.is_array() ? !std::all_of(json.begin(), json.end(), take) : !take(json)) {
    return {};
  }
  return calls;
}

std::vector<ToolCall> read_named_call(std::string_view name, std::string_view arguments) {
  Json json = parse(arguments);
  if (!json.is_object()) {
    return {};
  }
  return {ToolCall{.id = {}, .name = std::string(name), .arguments = std::move(json)}};
}

std::vector<ToolCall> read_tagged_call(std::string_view text, const OfferedTools& tools) {
  ToolCall call;
  call.name = take_tag(text, kFunctionTag);
  if (call.name.empty() || !text.ends_with(kFunctionEnd) || !base::is_valid_utf8(text)) {
    return {};
  }
  text.remove_suffix(kFunctionEnd.size());
  const Json* parameters = tools.parameters(call.name);
  const auto skip_blank = [&text] {
    text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  };
  for (skip_blank(); !text.empty(); skip_blank()) {
    const std::string key = take_tag(text, kParameterTag);
    const auto end = text.find(kParameterEnd);
    if (key.empty() || end == std::string_view::npos) {
      return {};
    }
    call.arguments[key] = value_of(text.substr(0, end), parameters, key);
    text.remove_prefix(end + kParameterEnd.size());
  }
  return {std::move(call)};
}

}  // namespace axllama::text
