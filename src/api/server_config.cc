#include "api/server_config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "base/byte_size.h"
#include "base/duration.h"
#include "base/error.h"
#include "base/program_path.h"
#include "serving/service.h"
#include "store/identity.h"

namespace axllama::api {
namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t kSidecarPort = 5002;

const char* process_environment(const char* name) {
  return std::getenv(name);
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view kEdges = " \t\r\n\"'";
  const auto first = text.find_first_not_of(kEdges);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kEdges) - first + 1));
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    if (std::string part = trimmed(text.substr(begin, end - begin)); !part.empty())
      parts.push_back(std::move(part));
    begin = end + 1;
  }
  return parts;
}

/// Reads variables by their name without prefix.
class Reader {
 public:
  explicit Reader(const EnvironmentLookup& lookup) : lookup_(lookup ? lookup : process_environment) {}

  std::string text(const std::string& name) const {
    for (const char* prefix : {"AXLLAMA_", "OLLAMA_"}) {
      if (std::string value = plain(prefix + name); !value.empty()) return value;
    }
    return {};
  }
  /// What cannot be read counts as true, as in Ollama.
  bool flag(const std::string& name) const {
    const std::string value = text(name);
    constexpr std::array<std::string_view, 6> kNo{"0", "f", "F", "false", "False", "FALSE"};
    return !value.empty() && std::find(kNo.begin(), kNo.end(), value) == kNo.end();
  }
  std::string plain(const std::string& name) const {
    const char* value = lookup_(name.c_str());
    return value == nullptr ? std::string() : trimmed(value);
  }

 private:
  EnvironmentLookup lookup_;
};

std::optional<std::size_t> whole_number(const std::string& text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

telemetry::LogLevel log_level_of(const std::string& debug) {
  if (debug == "2") return telemetry::LogLevel::kTrace;
  const bool off = debug.empty() || debug == "0" || debug == "false";
  return off ? telemetry::LogLevel::kInfo : telemetry::LogLevel::kDebug;
}

/// As OLLAMA_DEBUG says it.
std::string debug_of(telemetry::LogLevel level) {
  if (level == telemetry::LogLevel::kTrace) return "2";
  return level == telemetry::LogLevel::kDebug ? "1" : "0";
}

/// Ollama's own place, so that what is installed there is found.
fs::path default_store(const Reader& environment) {
  for (const char* name : {"AXLLAMA_STORE", "OLLAMA_MODELS"}) {
    if (const std::string folder = environment.plain(name); !folder.empty()) return folder;
  }
  const std::string home = environment.plain("HOME");
  return home.empty() ? fs::path() : fs::path(home) / ".ollama" / "models";
}

http::Endpoint endpoint(const std::string& text, std::uint16_t port, std::vector<std::string>& warnings) {
  http::ParsedEndpoint parsed = http::parse_endpoint(text, port);
  if (!parsed.warning.empty()) warnings.push_back(parsed.warning);
  return parsed.endpoint;
}

}  // namespace

std::vector<std::size_t> parse_cards(const std::string& text) {
  std::vector<std::size_t> cards;
  for (const std::string& part : split(text, ',')) {
    const auto card = whole_number(part);
    if (!card || std::find(cards.begin(), cards.end(), *card) != cards.end()) {
      throw base::Error(
          base::ErrorCode::kInvalidArgument,
          "Cards are different whole numbers from 0, with commas in between, not '" + text + "'.");
    }
    cards.push_back(*card);
  }
  return cards;
}

std::pair<std::string, std::string> parse_draft(const std::string& text) {
  const std::vector<std::string> names = split(text, '=');
  if (names.size() != 2) {
    throw base::Error(
        base::ErrorCode::kInvalidArgument,
        "A draft is given as MODEL=DRAFT, the names of two installed models, not as '" + text + "'.");
  }
  return {names[0], names[1]};
}

std::chrono::nanoseconds parse_keep_alive(const std::string& text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr std::int64_t kMostSeconds = std::chrono::nanoseconds::max().count() / 1'000'000'000;
  if (error == std::errc() && end == text.data() + text.size()) {
    if (seconds < 0 || seconds > kMostSeconds) return serving::KeepAlive::kForever;
    return std::chrono::seconds(seconds);
  }
  const std::chrono::nanoseconds duration = base::parse_duration(text);
  return duration < std::chrono::nanoseconds(0) ? serving::KeepAlive::kForever : duration;
}

std::chrono::nanoseconds parse_time_limit(const std::string& text) {
  const std::chrono::nanoseconds limit = parse_keep_alive(text);
  return limit == std::chrono::nanoseconds(0) ? std::chrono::nanoseconds::max() : limit;
}

std::vector<fs::path> default_model_roots(const EnvironmentLookup& lookup) {
  const Reader environment(lookup);
  std::vector<fs::path> roots;
  if (const std::string named = environment.plain("AXLLAMA_MODELS"); !named.empty()) {
    for (const std::string& root : split(named, ':')) roots.emplace_back(root);
  } else if (const std::string home = environment.plain("HOME"); !home.empty()) {
    roots.push_back(fs::path(home) / ".axllama" / "models");
  }
  // The same place below a build folder and below an installation's prefix.
  if (const fs::path program = base::program_folder(); !program.empty()) {
    roots.push_back(program.parent_path() / "share" / "axllama" / "models");
  }
  return roots;
}

ServerConfig server_config_from_environment(const EnvironmentLookup& lookup) {
  const Reader environment(lookup);
  ServerConfig config;
  config.listen = endpoint(environment.text("HOST"), http::kDefaultPort, config.warnings);
  if (const std::string sidecar = environment.plain("AXLLAMA_SIDECAR"); !sidecar.empty()) {
    config.sidecar = endpoint(sidecar, kSidecarPort, config.warnings);
  }
  config.model_roots = default_model_roots(lookup);
  config.store = default_store(environment);
  config.prune_store = !environment.flag("NOPRUNE");
  config.keep_requests = environment.flag("DEBUG_LOG_REQUESTS");
  config.log_level = log_level_of(environment.text("DEBUG"));
  for (const std::string& folder : split(environment.plain("AXLLAMA_WATCH"), ':')) {
    config.watched_folders.emplace_back(folder);
  }
  config.origins = split(environment.text("ORIGINS"), ',');
  const auto read_duration = [&](const std::string& name, auto* parse, std::chrono::nanoseconds& value) {
    const std::string text = environment.text(name);
    try {
      value = text.empty() ? value : parse(text);
    } catch (const base::Error& error) {
      config.warnings.push_back(name + " is not usable and stays at its default: " + error.message());
    }
  };
  read_duration("KEEP_ALIVE", &parse_keep_alive, config.keep_alive);
  read_duration("LOAD_TIMEOUT", &parse_time_limit, config.load_timeout);
  read_duration("CALL_TIMEOUT", &parse_time_limit, config.call_timeout);
  config.preload = split(environment.plain("AXLLAMA_PRELOAD"), ',');
  config.pinned = split(environment.plain("AXLLAMA_PIN"), ',');
  for (const std::string& text : split(environment.plain("AXLLAMA_DRAFT"), ',')) {
    try {
      const auto [name, draft] = parse_draft(text);
      config.drafts[name] = draft;
    } catch (const base::Error& error) {
      config.warnings.push_back("AXLLAMA_DRAFT is not usable: " + error.message());
    }
  }
  const auto read_count = [&](const std::string& name, std::size_t& value, std::size_t least = 1) {
    const std::string text = environment.text(name);
    if (const auto count = whole_number(text); count && *count >= least) {
      value = *count;
    } else if (!text.empty()) {
      config.warnings.push_back(name + " must be a whole number from " + std::to_string(least) + ", not '" +
                                text + "'; it stays at its default");
    }
  };
  if (environment.text("CONTEXT_LENGTH") != "0") read_count("CONTEXT_LENGTH", config.context_length);
  read_count("MAX_QUEUE", config.max_queue);
  read_count("MAX_LOADED_MODELS", config.max_loaded, 0);
  read_count("KV_SLOTS", config.kv_slots);
  read_count("NUM_PARALLEL", config.parallel);
  if (const std::string text = environment.plain("AXLLAMA_CARDS"); !text.empty()) {
    try {
      config.cards = parse_cards(text);
    } catch (const base::Error& error) {
      config.warnings.push_back("AXLLAMA_CARDS is not usable, so all cards are used: " + error.message());
    }
  }
  const auto switched = [&](const std::string& name, const std::string& otherwise) -> std::optional<bool> {
    const std::string text = environment.plain(name);
    if (text == "off" || text == "on") {
      return text == "on";
    }
    if (!text.empty()) {
      config.warnings.push_back(name + " must be on or off, not '" + text + "'; it stays " + otherwise);
    }
    return std::nullopt;
  };
  const auto read_switch = [&](const std::string& name, bool& value) {
    value = switched(name, value ? "on" : "off").value_or(value);
  };
  read_switch("AXLLAMA_CARD_CHECKS", config.card_checks);
  config.speculation = switched("AXLLAMA_SPECULATION", "on where it is known to change no token");
  read_switch("AXLLAMA_ASYNC", config.asynchronous);
  read_switch("AXLLAMA_CARD_EMBEDDINGS", config.card_embeddings);
  const auto read_size = [&](const std::string& name, std::uint64_t& value) {
    const std::string text = environment.plain(name);
    try {
      value = text.empty() ? value : base::parse_byte_size(text);
    } catch (const base::Error& error) {
      config.warnings.push_back(name + " is not usable and stays at its default: " + error.message());
    }
  };
  config.kv_cache_dir = environment.plain("AXLLAMA_KV_CACHE_DIR");
  read_size("AXLLAMA_KV_CACHE_DISK", config.kv_cache_disk);
  read_size("AXLLAMA_KV_CACHE_HOST", config.kv_cache_host);
  if (const std::string home = environment.plain("HOME"); !home.empty()) {
    config.canary_folder = fs::path(home) / ".axllama" / "canaries";
    config.cost_folder = fs::path(home) / ".axllama" / "costs";
    config.identity = store::identity_file(home);
  }
  return config;
}

std::string describe(const ServerConfig& config) {
  std::string text;
  const auto add = [&text](const std::string& name, const std::string& value) {
    text += (text.empty() ? "" : " ") + name + ":" + value;
  };
  const auto add_list = [&add](const std::string& name, const auto& list, char separator) {
    std::string joined;
    for (const auto& element : list) {
      if (!joined.empty()) joined += separator;
      if constexpr (std::is_arithmetic_v<std::decay_t<decltype(element)>>) {
        joined += std::to_string(element);
      } else {
        joined += fs::path(element).string();
      }
    }
    add(name, joined);
  };
  const auto on_or_off = [](bool value) { return value ? "on" : "off"; };
  const auto add_time = [&add](const std::string& name, std::chrono::nanoseconds time) {
    add(name, time == std::chrono::nanoseconds::max() ? "forever" : base::format_duration(time));
  };
  add("HOST", config.listen.authority());
  add("SIDECAR", config.sidecar ? config.sidecar->authority() : "off");
  add_list("MODELS", config.model_roots, ':');
  add("STORE", config.store.string());
  add_list("WATCH", config.watched_folders, ':');
  add("NOPRUNE", config.prune_store ? "false" : "true");
  add_list("ORIGINS", config.origins, ',');
  add_time("KEEP_ALIVE", config.keep_alive);
  add_time("LOAD_TIMEOUT", config.load_timeout);
  add_time("CALL_TIMEOUT", config.call_timeout);
  add("CONTEXT_LENGTH", std::to_string(config.context_length));
  add("MAX_QUEUE", std::to_string(config.max_queue));
  add("MAX_LOADED_MODELS", std::to_string(config.max_loaded));
  add("NUM_PARALLEL", std::to_string(config.parallel));
  add("KV_SLOTS", std::to_string(config.kv_slots));
  add_list("CARDS", config.cards, ',');
  add_list("PRELOAD", config.preload, ',');
  add_list("PIN", config.pinned, ',');
  add("SPECULATION", config.speculation ? on_or_off(*config.speculation) : "auto");
  std::vector<std::string> drafts;
  for (const auto& [name, draft] : config.drafts) drafts.push_back(name + "=" + draft);
  add_list("DRAFT", drafts, ',');
  add("KV_CACHE_DIR", config.kv_cache_dir.string());
  add("KV_CACHE_DISK", std::to_string(config.kv_cache_disk));
  add("KV_CACHE_HOST", std::to_string(config.kv_cache_host));
  add("CARD_EMBEDDINGS", on_or_off(config.card_embeddings));
  add("ASYNC", on_or_off(config.asynchronous));
  add("CARD_CHECKS", on_or_off(config.card_checks));
  add("DEBUG", debug_of(config.log_level));
  add("DEBUG_LOG_REQUESTS", config.keep_requests ? "true" : "false");
  return text;
}

}  // namespace axllama::api
