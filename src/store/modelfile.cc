#include "store/modelfile.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "store/modelfile_reader.h"

namespace axllama::store {
namespace {

using base::Error;
using base::ErrorCode;

/// Options that no engine has any more.
constexpr std::array<std::string_view, 9> kDeprecated{
    "mirostat",   "mirostat_tau",     "mirostat_eta", "tfs_z",  "f16_kv",
    "vocab_only", "penalize_newline", "logits_all",   "num_gqa"};

[[noreturn]] void fail(const ModelfileReader& reader, const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument, "(line " + std::to_string(reader.line()) + "): " + what);
}

void take_parameter(ModelfileReader& reader, Modelfile& file) {
  const std::string name = reader.next_word();
  const std::string value = reader.value();
  if (name.empty()) fail(reader, "PARAMETER needs a name and a value");
  if (std::find(kDeprecated.begin(), kDeprecated.end(), name) != kDeprecated.end()) {
    file.warnings.push_back("warning: parameter " + name + " is deprecated");
    return;
  }
  add_parameter(file.settings.parameters, name, parse_parameter(name, value));
}

void take_message(ModelfileReader& reader, Modelfile& file) {
  const std::string role = reader.next_word();
  if (role != "system" && role != "user" && role != "assistant") {
    fail(reader, "message role must be one of \"system\", \"user\", or \"assistant\"");
  }
  file.settings.messages.push_back({role, reader.value()});
}

void take_command(const std::string& command, ModelfileReader& reader, Modelfile& file) {
  ModelSettings& settings = file.settings;
  if (command == "parameter") return take_parameter(reader, file);
  if (command == "message") return take_message(reader, file);
  const auto needed = [&reader, &command] {
    std::string value = reader.value();
    if (value.empty()) fail(reader, command + " needs a value");
    return value;
  };
  if (command == "from" || command == "model") {
    file.from.push_back(needed());
  } else if (command == "template") {
    settings.chat_template = reader.value();
  } else if (command == "system") {
    settings.system = reader.value();
  } else if (command == "license") {
    settings.licenses.push_back(reader.value());
  } else if (command == "adapter") {
    file.adapters.push_back(needed());
  } else if (command == "draft") {
    if (!settings.draft.empty()) fail(reader, "a model has one draft, and " + settings.draft + " is it");
    settings.draft = needed();
  } else if (command == "renderer") {
    settings.renderer = needed();
  } else if (command == "parser") {
    settings.parser = needed();
  } else if (command == "requires") {
    settings.requires_version = needed();
  } else {
    fail(reader,
         "command must be one of \"from\", \"license\", \"template\", \"system\", \"adapter\", \"draft\", "
         "\"renderer\", \"parser\", \"parameter\", \"message\", or \"requires\"");
  }
}

/// The one thing the grammar cannot write is """ at the end of a line within a text: a blank parts the
/// quotes.
std::string without_fences(std::string text) {
  constexpr std::string_view kFence = "\"\"\"";
  for (auto at = text.find(kFence); at != std::string::npos; at = text.find(kFence, at + 1)) {
    const auto behind = text.find_first_not_of(" \t\r", at + kFence.size());
    if (behind != std::string::npos && text[behind] == '\n') text.insert(at + 2, " ");
  }
  return text;
}

/// So that ModelfileReader::value() gives `text` again.
std::string value_text(const std::string& text) {
  constexpr std::string_view kBlanks = " \t";
  const bool one_line = !text.empty() && text.find_first_of("\n\r") == std::string::npos &&
                        kBlanks.find(text.front()) == std::string_view::npos &&
                        kBlanks.find(text.back()) == std::string_view::npos && text.front() != '"';
  return one_line ? text : "\"\"\"" + without_fences(text) + "\"\"\"";
}

/// Strings among parameters are written in quotes, where that reads back the same.
std::string quoted_text(const std::string& text) {
  const bool quotable = text.find_first_of("\n\r") == std::string::npos && !text.starts_with('"');
  return quotable ? "\"" + text + "\"" : value_text(text);
}

}  // namespace

Modelfile parse_modelfile(std::string_view bytes) {
  const std::string text = modelfile_as_utf8(bytes);
  ModelfileReader reader(text);
  Modelfile file;
  while (const std::optional<std::string> command = reader.next_command())
    take_command(*command, reader, file);
  if (file.from.empty()) throw Error(ErrorCode::kInvalidArgument, "no FROM line");
  return file;
}

std::string print_modelfile(const Modelfile& file) {
  std::string text;
  const auto line = [&text](std::string_view command, const std::string& value) {
    text += std::string(command) + " " + value + "\n";
  };
  const ModelSettings& settings = file.settings;
  for (const std::string& from : file.from) line("FROM", value_text(from));
  if (settings.chat_template) line("TEMPLATE", value_text(*settings.chat_template));
  if (settings.system) line("SYSTEM", value_text(*settings.system));
  for (const std::string& adapter : file.adapters) line("ADAPTER", value_text(adapter));
  if (!settings.draft.empty()) line("DRAFT", value_text(settings.draft));
  for (const auto& [name, value] : settings.parameters.items()) {
    for (const Json& element : value.is_array() ? value : Json::array({value})) {
      line("PARAMETER", name + " " + (element.is_string() ? quoted_text(element) : parameter_text(element)));
    }
  }
  if (!settings.renderer.empty()) line("RENDERER", settings.renderer);
  if (!settings.parser.empty()) line("PARSER", settings.parser);
  if (!settings.requires_version.empty()) line("REQUIRES", settings.requires_version);
  for (const std::string& license : settings.licenses) line("LICENSE", value_text(license));
  for (const PresetMessage& message : settings.messages) {
    line("MESSAGE", message.role + " " + value_text(message.content));
  }
  return text;
}

}  // namespace axllama::store
