#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/json_body.h"
#include "model/package.h"
#include "store/library.h"
#include "text/go_chat_template.h"

namespace axllama::api::ollama {

/// What lists show about a package without opening it each time.
struct ModelCard {
  std::string format = "axmodel";
  std::string family;
  std::string parameter_size;      // "751.63M"
  std::string quantization_level;  // "BF16"
  std::optional<std::size_t> context_length;
  std::size_t embedding_length = 0;
  std::vector<std::string> capabilities;
};

ModelCard make_card(const model::Package& package);
/// A Modelfile's template decides what its model can do, if that is to answer.
void set_template_capabilities(ModelCard& card, const text::GoChatTemplate& go_template);
/// The object `details` of tags, ps and show.
Json details_json(const ModelCard& card);

/// Cards by digest. Thread-safe.
class ModelCards {
 public:
  /// Opens the package the first time. Broken packages have an empty card.
  ModelCard card(const store::Library& library, const store::ModelRecord& record);
  std::optional<ModelCard> known(const std::string& digest) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, ModelCard> cards_;
};

/// "0.8B", "751.63M", "12K", "7".
std::string human_number(std::uint64_t number);

}  // namespace axllama::api::ollama
