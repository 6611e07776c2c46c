#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "base/error.h"
#include "text/chat_template.h"

namespace axllama::text {
namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& reason) {
  throw base::Error(base::ErrorCode::kInvalidArgument, file.string() + " " + reason + ".");
}

/// Nothing when there is no such file.
std::optional<std::string> read_text(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    return std::nullopt;
  }
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream.good() && !stream.eof()) {
    refuse(file, "cannot be read");
  }
  return text;
}

Json read_object(const std::filesystem::path& file) {
  const auto text = read_text(file);
  if (!text) {
    return Json::object();
  }
  Json json = Json::parse(*text, nullptr, false);
  if (json.is_discarded()) {
    refuse(file, "is not valid JSON");
  }
  if (!json.is_object()) {
    refuse(file, std::string("holds JSON of type ") + json.type_name() + ", not an object");
  }
  return json;
}

/// Takes the member "chat_template": a string, or [{"name": ..., "template": ...}, ...].
bool take_member(const std::filesystem::path& file, const Json& json, ChatTemplateSource& found) {
  const auto member = json.find("chat_template");
  if (member == json.end() || member->is_null()) {
    return false;
  }
  if (member->is_string()) {
    found.source = member->get<std::string>();
    return true;
  }
  if (!member->is_array() || member->empty()) {
    refuse(file, std::string("has a \"chat_template\" of type ") + member->type_name() +
                     ", not a string or a list of named templates");
  }
  for (const Json& entry : *member) {
    if (!entry.is_object() || !entry.value("name", Json()).is_string() ||
        !entry.value("template", Json()).is_string()) {
      refuse(file, "has an entry in \"chat_template\" without the strings \"name\" and \"template\"");
    }
    const auto name = entry["name"].get<std::string>();
    const auto source = entry["template"].get<std::string>();
    if (name == "default" || (found.source.empty() && name != "tool_use")) {
      found.source = source;
    } else if (name == "tool_use") {
      found.tool_use_source = source;
    }
  }
  if (found.source.empty()) {
    found.source = std::exchange(found.tool_use_source, {});
  }
  return true;
}

void take_special_tokens(const Json& json, SpecialTokens& tokens) {
  for (const auto& [name, value] : json.items()) {
    if (!name.ends_with("_token")) {
      continue;
    }
    if (value.is_string()) {
      tokens[name] = value.get<std::string>();
    } else if (value.is_object() && value.value("content", Json()).is_string()) {
      tokens[name] = value["content"].get<std::string>();
    }
  }
}

}  // namespace

ChatTemplateSource find_chat_template(const std::filesystem::path& folder, std::string name) {
  ChatTemplateSource found;
  found.name = std::move(name);
  const auto config_file = folder / "tokenizer_config.json";
  const Json config = read_object(config_file);
  take_special_tokens(read_object(folder / "special_tokens_map.json"), found.special_tokens);
  take_special_tokens(config, found.special_tokens);

  if (auto text = read_text(folder / "chat_template.jinja")) {
    found.source = *std::move(text);
    found.tool_use_source = read_text(folder / "additional_chat_templates" / "tool_use.jinja").value_or("");
    return found;
  }
  const auto template_file = folder / "chat_template.json";
  if (take_member(template_file, read_object(template_file), found) ||
      take_member(config_file, config, found)) {
    return found;
  }
  found.source = default_chat_template();
  return found;
}

const std::string& default_chat_template() {
  static const std::string kChatMl =
      "{%- for message in messages -%}\n"
      "{{ '<|im_start|>' ~ message.role ~ '\\n' ~ message.content ~ '<|im_end|>\\n' }}\n"
      "{%- endfor -%}\n"
      "{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif -%}\n";
  return kChatMl;
}

}  // namespace axllama::text
