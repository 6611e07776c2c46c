#include "cli/launch/plans.h"

#include <algorithm>

#include "base/error.h"

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kProvider = "axllama";
/// Clients that insist on a key get one that means nothing.
constexpr const char* kKey = "axllama";
/// Of a context's tokens, what clients are told an answer may take.
constexpr std::uint64_t kAnswerShare = 4;

std::string openai_url(const LaunchTarget& target) {
  return target.server + "/v1";
}

[[noreturn]] void refuse(const std::string& what, const char* form) {
  throw base::Error(base::ErrorCode::kInvalidArgument, what + " is there and is not " + form);
}

Json& made_object(Json& value, const std::string& what) {
  if (value.is_null()) value = Json::object();
  if (!value.is_object()) refuse(what, "a JSON object");
  return value;
}

Json& made_list(Json& value, const std::string& what) {
  if (value.is_null()) value = Json::array();
  if (!value.is_array()) refuse(what, "a JSON list");
  return value;
}

Json& object_in(Json& settings, const std::string& name) {
  return made_object(made_object(settings, "the file's content")[name], "'" + name + "'");
}

Json& list_in(Json& settings, const std::string& name) {
  return made_list(made_object(settings, "the file's content")[name], "'" + name + "'");
}

bool has(const Json& entry, const char* name, const std::string& value) {
  return entry.is_object() && entry.contains(name) && entry[name] == value;
}

/// Puts `entry` where the first of those stands that `ours` is true of, and takes the others away.
template <typename Predicate>
void put(Json& list, Json entry, Predicate ours) {
  Json kept = Json::array();
  bool placed = false;
  for (const Json& each : list) {
    if (!ours(each)) {
      kept.push_back(each);
    } else if (!placed) {
      kept.push_back(entry);
      placed = true;
    }
  }
  if (!placed) kept.push_back(std::move(entry));
  list = std::move(kept);
}

Json accepted_input(const LaunchTarget& target) {
  Json kinds = Json::array({"text"});
  if (target.vision) kinds.push_back("image");
  return kinds;
}

}  // namespace

LaunchPlan plan_claude(const LaunchTarget& target) {
  return {
      .arguments = {"--model", target.model},
      .environment = {{"ANTHROPIC_BASE_URL", target.server},
                      {"ANTHROPIC_AUTH_TOKEN", kKey},
                      {"ANTHROPIC_API_KEY", ""},
                      {"ANTHROPIC_DEFAULT_OPUS_MODEL", target.model},
                      {"ANTHROPIC_DEFAULT_SONNET_MODEL", target.model},
                      {"ANTHROPIC_DEFAULT_HAIKU_MODEL", target.model},
                      {"CLAUDE_CODE_SUBAGENT_MODEL", target.model},
                      // A line that differs in every request, in front of all else, would spoil the cache.
                      {"CLAUDE_CODE_ATTRIBUTION_HEADER", "0"},
                      {"DISABLE_TELEMETRY", "1"},
                      {"DISABLE_ERROR_REPORTING", "1"}},
      .unset = {"CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY"}};
}

LaunchPlan plan_cline(const LaunchTarget& target) {
  const auto change = [target](Json& settings) {
    made_object(settings, "the file's content");
    settings["ollamaBaseUrl"] = target.server;
    for (const std::string mode : {"actMode", "planMode"}) {
      settings[mode + "ApiProvider"] = "ollama";
      settings[mode + "OllamaModelId"] = target.model;
      settings[mode + "OllamaBaseUrl"] = target.server;
    }
    settings["welcomeViewCompleted"] = true;
  };
  return {.edits = {{target.home / ".cline" / "data" / "globalState.json", change}}};
}

LaunchPlan plan_codex(const LaunchTarget& target) {
  const std::string provider = std::string("model_providers.") + kProvider;
  // The values are TOML, whose strings are written as JSON's.
  const auto setting = [](const std::string& name, const Json& value) { return name + "=" + value.dump(); };
  LaunchPlan plan{.arguments = {"-c", setting("model_provider", kProvider), "-c",
                                setting(provider + ".name", "Axllama"), "-c",
                                setting(provider + ".base_url", openai_url(target)), "-c",
                                setting(provider + ".wire_api", "responses")}};
  if (target.context > 0) {
    plan.arguments.insert(plan.arguments.end(), {"-c", setting("model_context_window", target.context)});
  }
  plan.arguments.insert(plan.arguments.end(), {"-m", target.model});
  return plan;
}

LaunchPlan plan_copilot(const LaunchTarget& target) {
  return {.arguments = {"--model", target.model},
          .environment = {{"COPILOT_PROVIDER_BASE_URL", openai_url(target)},
                          {"COPILOT_PROVIDER_API_KEY", ""},
                          {"COPILOT_PROVIDER_WIRE_API", "responses"},
                          {"COPILOT_MODEL", target.model}}};
}

LaunchPlan plan_droid(const LaunchTarget& target) {
  const std::string id = "custom:" + target.model + "-" + kProvider;
  const auto change = [target, id](Json& settings) {
    Json entry{{"model", target.model},
               {"displayName", target.model},
               {"baseUrl", openai_url(target)},
               {"apiKey", kKey},
               {"provider", "generic-chat-completion-api"},
               {"supportsImages", target.vision},
               {"id", id}};
    if (target.context > 0) entry["maxOutputTokens"] = target.context / kAnswerShare;
    put(list_in(settings, "customModels"), std::move(entry),
        [](const Json& each) { return has(each, "apiKey", kKey); });
    Json& defaults = object_in(settings, "sessionDefaultSettings");
    defaults["model"] = id;
    if (!defaults.contains("reasoningEffort")) defaults["reasoningEffort"] = "none";
  };
  return {.edits = {{target.home / ".factory" / "settings.json", change}}};
}

LaunchPlan plan_opencode(const LaunchTarget& target) {
  Json model{{"name", target.model}, {"reasoning", target.thinking}};
  if (target.context > 0) {
    model["limit"] = {{"context", target.context}, {"output", target.context / kAnswerShare}};
  }
  if (target.vision)
    model["modalities"] = {{"input", accepted_input(target)}, {"output", Json::array({"text"})}};
  const Json settings{{"provider",
                       {{kProvider,
                         {{"npm", "@ai-sdk/openai-compatible"},
                          {"name", "Axllama"},
                          {"options", {{"baseURL", openai_url(target)}}},
                          {"models", {{target.model, model}}}}}}},
                      {"model", std::string(kProvider) + "/" + target.model}};
  return {.environment = {{"OPENCODE_CONFIG_CONTENT", settings.dump()}}};
}

LaunchPlan plan_pi(const LaunchTarget& target) {
  const auto change = [target](Json& settings) {
    Json& provider = object_in(object_in(settings, "providers"), kProvider);
    provider["baseUrl"] = openai_url(target);
    provider["api"] = "openai-completions";
    provider["apiKey"] = kKey;
    Json model{{"id", target.model}, {"reasoning", target.thinking}, {"input", accepted_input(target)}};
    if (target.context > 0) {
      model["contextWindow"] = target.context;
      model["maxTokens"] = target.context / kAnswerShare;
    }
    put(list_in(provider, "models"), std::move(model),
        [&target](const Json& each) { return has(each, "id", target.model); });
  };
  return {.arguments = {"--provider", kProvider, "--model", target.model},
          .edits = {{target.home / ".pi" / "agent" / "models.json", change}}};
}

LaunchPlan plan_qwen(const LaunchTarget& target) {
  return {
      .arguments = {"--auth-type", "openai", "--model", target.model},
      .environment = {
          {"OPENAI_API_KEY", kKey}, {"OPENAI_BASE_URL", openai_url(target)}, {"OPENAI_MODEL", target.model}}};
}

LaunchPlan plan_vscode(const LaunchTarget& target) {
  const auto change = [target](Json& settings) {
    put(made_list(settings, "the file's content"),
        Json{{"vendor", "ollama"}, {"name", "Axllama"}, {"url", target.server}},
        [](const Json& each) { return has(each, "vendor", "ollama") && has(each, "name", "Axllama"); });
  };
  return {.edits = {{target.home / ".config" / "Code" / "User" / "chatLanguageModels.json", change}}};
}

}  // namespace axllama::cli
