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
#include "serving/service.h"
#include "store/library.h"

namespace axllama::api::ollama {

/// An installed model, opened.
struct OpenModel {
  store::ModelRecord record;
  std::shared_ptr<const model::Package> package;

  serving::ModelReference reference() const { return {record.name, record.digest, package}; }
  /// "registry.ollama.ai/library/x:tag"
  std::string full_name() const;
  bool can_think() const { return package->chat_template().supports_thinking(); }
};

/// Finds and opens the model a client names. Throws Error: (kInvalidArgument) `invalid model name`,
/// (kNotFound) `model 'X' not found` with the name as the client wrote it, or what is wrong with the package.
/// May take a second: not for I/O threads.
OpenModel open_model(const store::Library& library, const std::string& asked);
/// As open_model(), without opening the package.
store::ModelRecord find_model(const store::Library& library, const std::string& asked);

/// What lists show about a package without opening it each time.
struct ModelCard {
  std::string family;
  std::string parameter_size;      // "751.63M"
  std::string quantization_level;  // "BF16"
  std::optional<std::size_t> context_length;
  std::size_t embedding_length = 0;
  std::vector<std::string> capabilities;
};

ModelCard make_card(const model::Package& package);
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
