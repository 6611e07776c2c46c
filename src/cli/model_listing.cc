#include "cli/model_listing.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdint>
#include <sstream>
#include <string_view>
#include <utility>

#include "base/timestamp.h"
#include "cli/human.h"
#include "cli/table.h"

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShortDigest = 12;
constexpr std::size_t kLabelColumns = 20;  // at least; a blank follows longer ones
constexpr std::size_t kHeadLines = 2;

std::string age(const Json& model, const char* key) {
  return human_time(base::parse_timestamp(model.value(key, "")), std::chrono::system_clock::now());
}

std::string processor(const Json& model) {
  if (const std::string named = model.value("processor", ""); !named.empty()) return "100% " + named;
  const auto size = model.value("size", std::uint64_t{0});
  const auto on_card = model.value("size_vram", std::uint64_t{0});
  if (size == 0 || on_card > size) return "Unknown";
  if (on_card == 0) return "100% CPU";
  if (on_card == size) return "100% GPU";
  const auto share = on_card * 100 / size;
  return std::to_string(100 - share) + "%/" + std::to_string(share) + "% CPU/GPU";
}

/// The last column of `ps`.
std::string until(const Json& model) {
  if (const auto loading = model.find("loading"); loading != model.end()) {
    return "Loading (" + std::to_string(loading->value("layers_loaded", 0)) + " of " +
           std::to_string(loading->value("layers_total", 0)) + ")";
  }
  const bool stopping =
      base::parse_timestamp(model.value("expires_at", "")) <= std::chrono::system_clock::now();
  return stopping ? "Stopping..." : age(model, "expires_at");
}

bool begins_with(const std::string& name, const std::string& prefix) {
  const auto same = [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); };
  return prefix.size() <= name.size() && std::equal(prefix.begin(), prefix.end(), name.begin(), same);
}

class Sections {
 public:
  void begin(std::string_view title) {
    out_ << (first_ ? "" : "\n") << "  " << title << "\n";
    first_ = false;
  }
  void row(std::string label, const std::string& value) {
    label.resize(std::max(label.size() + 1, kLabelColumns), ' ');
    out_ << "    " << label << value << "\n";
  }
  void text(const std::string& body) {
    std::istringstream lines(body);
    for (std::string line; std::getline(lines, line);) out_ << "    " << line << "\n";
  }
  /// The first lines that are not empty, and dots for the others.
  void head(const std::string& body) {
    std::istringstream lines(body);
    std::size_t shown = 0;
    for (std::string line; std::getline(lines, line);) {
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      if (++shown > kHeadLines) {
        out_ << "    ...\n";
        return;
      }
      out_ << "    " << line << "\n";
    }
  }
  /// "stop      "<|im_end|>"" per line of "name value".
  void parameters(const std::string& body) {
    std::istringstream lines(body);
    for (std::string line; std::getline(lines, line);) {
      const auto end = line.find_first_of(" \t");
      const auto value = line.find_first_not_of(" \t", end);
      row(line.substr(0, end), value == std::string::npos ? "" : line.substr(value));
    }
  }
  std::string take() { return out_.str() + "\n"; }

 private:
  std::ostringstream out_;
  bool first_ = true;
};

/// What `--verbose` adds.
void describe_insides(Sections& sections, const Json& info, const Json& tensors) {
  if (!info.empty()) sections.begin("Metadata");
  for (const auto& [key, value] : info.items()) {
    sections.row(key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  if (!tensors.empty()) sections.begin("Tensors");
  for (const Json& tensor : tensors) {
    sections.row(tensor.value("name", ""),
                 tensor.value("type", "") + " " + tensor.value("shape", Json()).dump());
  }
}

}  // namespace

std::string list_models(ApiClient& client, const std::string& prefix) {
  Table table({"NAME", "ID", "SIZE", "MODIFIED"});
  const Json reply = client.get("/api/tags");
  for (const Json& model : reply.at("models")) {
    if (!begins_with(model.value("name", ""), prefix)) continue;
    table.add({model.value("name", ""), model.value("digest", "").substr(0, kShortDigest),
               human_bytes(model.value("size", std::uint64_t{0})), age(model, "modified_at")});
  }
  return table.text();
}

std::string list_loaded(const Json& ps, const std::string& prefix) {
  Table table({"NAME", "ID", "SIZE", "PROCESSOR", "CONTEXT", "UNTIL"});
  for (const Json& model : ps.at("models")) {
    if (!begins_with(model.value("name", ""), prefix)) continue;
    table.add({model.value("name", ""), model.value("digest", "").substr(0, kShortDigest),
               human_bytes(model.value("size", std::uint64_t{0})), processor(model),
               std::to_string(model.value("context_length", 0)), until(model)});
  }
  return table.text();
}

std::string describe_model(const Json& show, bool verbose) {
  Sections sections;
  const Json details = show.value("details", Json::object());
  const Json info = show.value("model_info", Json::object());
  const std::string architecture = info.value("general.architecture", details.value("family", ""));
  sections.begin("Model");
  sections.row("architecture", architecture);
  sections.row("parameters", details.value("parameter_size", ""));
  const auto number = [&](const char* label, const std::string& key) {
    if (const auto found = info.find(architecture + key); found != info.end())
      sections.row(label, found->dump());
  };
  number("context length", ".context_length");
  number("embedding length", ".embedding_length");
  sections.row("quantization", details.value("quantization_level", ""));
  if (const std::string version = show.value("requires", ""); !version.empty())
    sections.row("requires", version);
  if (const auto capabilities = show.find("capabilities");
      capabilities != show.end() && !capabilities->empty()) {
    sections.begin("Capabilities");
    for (const Json& capability : *capabilities) sections.text(capability.get<std::string>());
  }
  if (const Json projector = show.value("projector_info", Json::object()); !projector.empty()) {
    sections.begin("Projector");
    for (const auto& [key, value] : projector.items()) {
      sections.row(key, value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  if (const std::string parameters = show.value("parameters", ""); !parameters.empty()) {
    sections.begin("Parameters");
    sections.parameters(parameters);
  }
  if (verbose) describe_insides(sections, info, show.value("tensors", Json::array()));
  for (const auto& [title, key] : {std::pair{"System", "system"}, std::pair{"License", "license"}}) {
    if (const std::string body = show.value(key, ""); !body.empty()) {
      sections.begin(title);
      verbose ? sections.text(body) : sections.head(body);
    }
  }
  return sections.take();
}

}  // namespace axllama::cli
