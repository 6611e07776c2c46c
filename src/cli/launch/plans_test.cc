#include "cli/launch/plans.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

LaunchTarget target() {
  return {.server = "http://127.0.0.1:11434",
          .model = "qwen3:4b",
          .context = 8192,
          .thinking = true,
          .home = "/home/u"};
}

Json after(const LaunchPlan& plan, Json settings) {
  plan.edits.at(0).change(settings);
  return settings;
}

TEST(LaunchPlans, NamesAndAliasesAreUniqueAndFoundInAnyCase) {
  std::set<std::string> names;
  for (const Integration& each : integrations()) {
    EXPECT_TRUE(names.insert(each.name).second) << each.name;
    for (const std::string& alias : each.aliases) EXPECT_TRUE(names.insert(alias).second) << alias;
    EXPECT_EQ(integration_named(each.name).name, each.name);
  }
  EXPECT_EQ(integration_named("Claude-Code").name, "claude");
  EXPECT_EQ(integration_named("code").name, "vscode");
  try {
    integration_named("emacs");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("unknown integration 'emacs'; there are claude, cline, codex"));
  }
}

TEST(LaunchPlans, EveryClientIsGivenTheServerAndTheModel) {
  for (const Integration& each : integrations()) {
    const LaunchPlan plan = each.plan(target());
    std::string all;
    for (const std::string& word : plan.arguments) all += word + "\n";
    for (const auto& [name, value] : plan.environment) all += name + "=" + value + "\n";
    for (const SettingsEdit& edit : plan.edits) {
      Json settings;
      edit.change(settings);
      all += settings.dump();
      EXPECT_TRUE(edit.file.string().starts_with("/home/u/.")) << edit.file;
    }
    EXPECT_THAT(all, HasSubstr("http://127.0.0.1:11434")) << each.name;
    if (each.name != "vscode") {  // which lists the server's models itself
      EXPECT_THAT(all, HasSubstr("qwen3:4b")) << each.name;
    }
  }
}

TEST(LaunchPlans, ClaudeIsKeptFromOtherProviders) {
  const LaunchPlan plan = plan_claude(target());
  EXPECT_THAT(plan.environment, Contains(Pair("ANTHROPIC_BASE_URL", "http://127.0.0.1:11434")));
  EXPECT_THAT(plan.environment, Contains(Pair("ANTHROPIC_API_KEY", "")));
  EXPECT_THAT(plan.unset, Contains("CLAUDE_CODE_USE_BEDROCK"));
  EXPECT_TRUE(plan.edits.empty());
}

TEST(LaunchPlans, CodexIsToldInToml) {
  EXPECT_THAT(
      plan_codex(target()).arguments,
      ElementsAre("-c", R"(model_provider="axllama")", "-c", R"(model_providers.axllama.name="Axllama")",
                  "-c", R"(model_providers.axllama.base_url="http://127.0.0.1:11434/v1")", "-c",
                  R"(model_providers.axllama.wire_api="responses")", "-c", "model_context_window=8192", "-m",
                  "qwen3:4b"));
}

TEST(LaunchPlans, DroidKeepsTheOtherModelsAndSettings) {
  const Json before = Json::parse(R"({"theme": "dark", "customModels": [
      {"model": "a", "apiKey": "secret"}, {"model": "old", "apiKey": "axllama"}, 7],
      "sessionDefaultSettings": {"reasoningEffort": "high", "x": 1}})");
  const LaunchPlan plan = plan_droid(target());
  const Json settings = after(plan, before);
  EXPECT_EQ(settings["theme"], "dark");
  ASSERT_EQ(settings["customModels"].size(), 3U);
  EXPECT_EQ(settings["customModels"][0], before["customModels"][0]);
  EXPECT_EQ(settings["customModels"][1]["model"], "qwen3:4b");
  EXPECT_EQ(settings["customModels"][1]["maxOutputTokens"], 2048);
  EXPECT_EQ(settings["customModels"][2], 7);
  EXPECT_EQ(settings["sessionDefaultSettings"]["model"], settings["customModels"][1]["id"]);
  EXPECT_EQ(settings["sessionDefaultSettings"]["reasoningEffort"], "high");
  EXPECT_EQ(settings["sessionDefaultSettings"]["x"], 1);
  EXPECT_EQ(after(plan, settings), settings);  // a second time changes nothing
}

TEST(LaunchPlans, PiKeepsProvidersAndItsOtherModels) {
  const Json settings = after(plan_pi(target()), Json::parse(R"({"providers": {"ollama": {"baseUrl": "x"},
      "axllama": {"models": [{"id": "other"}, {"id": "qwen3:4b", "contextWindow": 1}]}}})"));
  EXPECT_EQ(settings["providers"]["ollama"], Json::parse(R"({"baseUrl": "x"})"));
  const Json& models = settings["providers"]["axllama"]["models"];
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0]["id"], "other");
  EXPECT_EQ(models[1]["contextWindow"], 8192);
  EXPECT_EQ(models[1]["reasoning"], true);
}

TEST(LaunchPlans, SettingsOfAnotherFormAreRefused) {
  EXPECT_THROW(after(plan_droid(target()), Json::parse(R"({"customModels": {}})")), base::Error);
  EXPECT_THROW(after(plan_pi(target()), Json::parse(R"({"providers": []})")), base::Error);
  EXPECT_THROW(after(plan_cline(target()), Json::parse("[]")), base::Error);
  EXPECT_THROW(after(plan_vscode(target()), Json::parse("{}")), base::Error);
}

}  // namespace
}  // namespace axllama::cli
