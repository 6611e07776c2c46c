#include "cli/top_view.h"

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

}  // namespace

std::string top_view(const std::string& url, const Json& version, const Json& ps) {
  std::uint64_t used = 0;
  std::uint64_t on_card = 0;
  std::string loading;
  const Json& models = ps.at("models");
  for (const Json& model : models) {
    used += model.value("size", std::uint64_t{0});
    on_card += model.value("size_vram", std::uint64_t{0});
    if (model.contains("loading")) loading += loading_line(model);
  }
  std::string text = url + "  version " + version.value("version", "unknown") + "\n";
  text += std::to_string(models.size()) + (models.size() == 1 ? " model" : " models") + " loaded, " +
          human_bytes(used) + " of memory, " + human_bytes(on_card) + " of it on the card\n\n";
  return text + list_loaded(ps) + (loading.empty() ? "" : "\n") + loading;
}

}  // namespace axllama::cli
