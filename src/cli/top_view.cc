#include "cli/top_view.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "cli/human.h"
#include "cli/model_listing.h"

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;

/// "loading qwen3:4b: 12 of 40 layers".
std::string loading_line(const Json& model) {
  const Json& loading = model.at("loading");
  return "loading " + model.value("name", "") + ": " + std::to_string(loading.value("layers_loaded", 0)) +
         " of " + std::to_string(loading.value("layers_total", 0)) + " layers\n";
}

/// "qwen3:0.6b guesses for qwen3:4b", or why it does not.
std::string draft_line(const Json& model) {
  const Json& draft = model.at("draft");
  const std::string problem = draft.value("problem", "");
  return draft.value("model", "") + (problem.empty() ? " guesses for " : " does not guess for ") +
         model.value("name", "") + (problem.empty() ? "" : ": " + problem) + "\n";
}

/// A number that the card may not have told.
void add_number(std::string& line, const Json& card, const char* key, const char* before, const char* after) {
  if (const auto found = card.find(key); found != card.end() && found->is_number()) {
    line += before + std::to_string(std::lround(found->get<double>())) + after;
  }
}

/// "card 0: V3.6.3, 50 °C, NPU 12 %, 3.0 GB of 7.0 GB of memory used" or what is wrong with it.
std::string card_line(std::size_t place, const Json& card) {
  std::string line = "card " + std::to_string(place) + ": ";
  const std::string problem = card.value("problem", "");
  if (!card.value("available", false)) {
    return line + (problem.empty() ? "not available" : problem) + "\n";
  }
  line += card.value("software_card", false) ? "software card " : "";
  line += card.value("runtime_version", "");
  add_number(line, card, "temperature_celsius", ", ", " °C");
  add_number(line, card, "npu_percent", ", NPU ", " %");
  const auto total = card.value("memory_total", std::uint64_t{0});
  const auto free = card.value("memory_free", total);
  if (total > 0) {
    line +=
        ", " + human_bytes(total - std::min(free, total)) + " of " + human_bytes(total) + " of memory used";
  }
  return line + (problem.empty() ? "" : ". " + problem) + "\n";
}

std::string card_lines(const Json& status) {
  std::string lines;
  const auto cards = status.find("cards");
  for (std::size_t i = 0; cards != status.end() && i < cards->size(); ++i) {
    lines += card_line(i, (*cards)[i]);
  }
  return lines;
}

}  // namespace

std::string top_view(const std::string& url, const ServerState& state) {
  std::uint64_t used = 0;
  std::uint64_t on_card = 0;
  std::string notes;
  const Json& models = state.ps.at("models");
  for (const Json& model : models) {
    used += model.value("size", std::uint64_t{0});
    on_card += model.value("size_vram", std::uint64_t{0});
    if (model.contains("loading")) notes += loading_line(model);
    if (model.contains("draft")) notes += draft_line(model);
  }
  std::string text = url + "  version " + state.version.value("version", "unknown") + "\n";
  text += std::to_string(models.size()) + (models.size() == 1 ? " model" : " models") + " loaded, " +
          human_bytes(used) + " of memory, " + human_bytes(on_card) + " of it on the card";
  if (const auto waiting = state.status.find("waiting_requests"); waiting != state.status.end()) {
    text += ", " + waiting->dump() + (*waiting == 1 ? " request waits" : " requests wait");
  }
  text += "\n" + card_lines(state.status) + "\n";
  return text + list_loaded(state.ps) + (notes.empty() ? "" : "\n") + notes;
}

}  // namespace axllama::cli
