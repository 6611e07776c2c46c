#include "api/ollama/model_card.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "telemetry/log.h"
#include "text/chat_template.h"

namespace axllama::api::ollama {
namespace {

constexpr std::size_t kMostCards = 4096;  // models removed since leave theirs behind

std::string format_number(const char* format, double number, const char* unit) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, number);
  return std::string(text.data()) + unit;
}

std::string quantization_level(const std::string& weight_type) {
  if (weight_type == "bf16") {
    return "BF16";
  }
  if (weight_type == "s8") {
    return "W8A16";
  }
  if (weight_type == "s4") {
    return "W4A16";
  }
  return weight_type.empty() ? "unknown" : weight_type;
}

/// Of a model this server cannot run (GGUF), as its config has it.
ModelCard card_of_config(const Json& config) {
  const auto text = [&config](const char* name) {
    const auto found = config.find(name);
    return found != config.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  ModelCard card;
  card.format = text("model_format");
  card.family = text("model_family");
  card.parameter_size = text("model_type");
  card.quantization_level = text("file_type");
  return card;
}

}  // namespace

std::string human_number(std::uint64_t number) {
  constexpr double kThousand = 1e3;
  constexpr double kMillion = 1e6;
  constexpr double kBillion = 1e9;
  const auto value = static_cast<double>(number);
  if (value >= kBillion) {
    const double billions = value / kBillion;
    return format_number(std::floor(billions) == billions ? "%.0f" : "%.1f", billions, "B");
  }
  if (value >= kMillion) {
    const double millions = value / kMillion;
    return format_number(std::floor(millions) == millions ? "%.0f" : "%.2f", millions, "M");
  }
  if (value >= kThousand) {
    return format_number("%.0f", value / kThousand, "K");
  }
  return std::to_string(number);
}

ModelCard make_card(const model::Package& package) {
  ModelCard card;
  card.family = package.architecture();
  if (package.parameter_count() > 0) {
    card.parameter_size = human_number(package.parameter_count());
  }
  card.quantization_level = quantization_level(package.weight_type());
  card.context_length = package.context_length();
  card.embedding_length = package.hidden_size();
  if (package.purpose() != model::Purpose::kText) {
    card.capabilities.emplace_back(package.purpose() == model::Purpose::kEmbedding ? "embedding" : "rerank");
    return card;
  }
  card.capabilities.emplace_back("completion");
  if (package.chat_template().supports_tools()) {
    card.capabilities.emplace_back("tools");
  }
  if (package.chat_template().supports_thinking()) {
    card.capabilities.emplace_back("thinking");
  }
  return card;
}

void set_template_capabilities(ModelCard& card, const text::GoChatTemplate& go_template) {
  if (std::find(card.capabilities.begin(), card.capabilities.end(), "completion") ==
      card.capabilities.end()) {
    return;
  }
  const auto set = [&card](const char* name, bool can) {
    std::erase(card.capabilities, name);
    if (can) {
      card.capabilities.emplace_back(name);
    }
  };
  set("tools", go_template.supports_tools());
  set("insert", go_template.supports_suffix());
  set("thinking", go_template.supports_thinking());
}

Json details_json(const ModelCard& card) {
  Json details;
  details["parent_model"] = "";
  details["format"] = card.format;
  details["family"] = card.family;
  details["families"] = card.family.empty() ? Json::array() : Json::array({card.family});
  details["parameter_size"] = card.parameter_size;
  details["quantization_level"] = card.quantization_level;
  if (card.context_length) {
    details["context_length"] = *card.context_length;
  }
  if (card.embedding_length > 0) {
    details["embedding_length"] = card.embedding_length;
  }
  return details;
}

std::optional<ModelCard> ModelCards::known(const std::string& digest) const {
  const std::lock_guard lock(mutex_);
  const auto found = cards_.find(digest);
  return found == cards_.end() ? std::nullopt : std::optional(found->second);
}

ModelCard ModelCards::card(const store::Library& library, const store::ModelRecord& record) {
  if (auto card = known(record.digest)) {
    return std::move(*card);
  }
  ModelCard card;
  try {
    if (record.package_digest.empty()) {
      card = card_of_config(library.store()->config(*record.stored->manifest));
    } else {
      card = make_card(*library.open(record));
      if (const auto own = library.settings(record).chat_template) {
        set_template_capabilities(card, text::GoChatTemplate(*own, record.name));
      }
    }
  } catch (const base::Error& error) {
    telemetry::log(telemetry::LogLevel::kWarning, "a model package cannot be used",
                   {{"model", record.name}, {"error", error.what()}});
    card.quantization_level = "unknown";
  }
  const std::lock_guard lock(mutex_);
  if (cards_.size() >= kMostCards) {
    cards_.clear();
  }
  cards_[record.digest] = card;
  return card;
}

}  // namespace axllama::api::ollama
