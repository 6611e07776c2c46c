#include "api/ollama/ollama_api.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/json_body.h"
#include "api/testing/api_server.h"
#include "api/testing/dialect_test.h"
#include "api/testing/fake_service.h"
#include "base/error.h"
#include "base/timestamp.h"
#include "store/library.h"

namespace axllama::api::ollama {
namespace {

using namespace std::chrono_literals;
using http::testing::RawClient;
using http::testing::RawResponse;
using inference::FinishReason;
using testing::accepts;
using ::testing::ElementsAre;
using testing::FakeRequest;
using ::testing::HasSubstr;
using testing::records_of;
using ::testing::StartsWith;

class OllamaApiTest : public testing::DialectTest {
 protected:
  void add_routes(http::Router& router, const std::shared_ptr<chat::Core>& core) override {
    add_ollama_routes(router, {core});
  }

  std::string error(const std::string& path, const std::string& body, int status) {
    const RawResponse response = server().post(path, body);
    EXPECT_EQ(response.status, status) << body << " -> " << response.body;
    EXPECT_THAT(*response.headers.find("Content-Type"), StartsWith("application/json"));
    return Json::parse(response.body).value("error", "");
  }
};

Json chat_body(const std::string& model, const std::string& content = "Hi") {
  Json body;
  body["model"] = model;
  body["messages"] = Json::array({Json{{"role", "user"}, {"content", content}}});
  return body;
}

Json generate_body(const std::string& model, const std::string& prompt = "Hi") {
  return Json{{"model", model}, {"prompt", prompt}};
}

// ---- Simple routes

TEST_F(OllamaApiTest, RootAndVersion) {
  const RawResponse root = server().call("GET", "/");
  EXPECT_EQ(root.status, 200);
  EXPECT_EQ(root.body, "Ollama is running");
  EXPECT_EQ(server().call("HEAD", "/").status, 200);
  const Json version = Json::parse(server().call("GET", "/api/version").body);
  EXPECT_EQ(version["version"], kOllamaVersion);
  EXPECT_FALSE(version["axllama_version"].get<std::string>().empty());
  EXPECT_EQ(server().call("HEAD", "/api/version").status, 200);
  EXPECT_EQ(server().call("HEAD", "/api/tags").status, 200);
  EXPECT_EQ(server().call("HEAD", "/api/ps").status, 405);
  EXPECT_EQ(server().call("GET", "/api/chat").body, "405 method not allowed");
  EXPECT_EQ(server().call("GET", "/api/nothing").body, "404 page not found");
  EXPECT_EQ(server().call("GET", "/api/tags/").status, 301);
}

TEST_F(OllamaApiTest, TagsDescribeEveryModel) {
  const Json tags = Json::parse(server().call("GET", "/api/tags").body);
  ASSERT_EQ(tags["models"].size(), 4U);
  for (const Json& model : tags["models"]) {
    EXPECT_EQ(model["name"], model["model"]);
    EXPECT_EQ(model["digest"].get<std::string>().size(), 64U);
    EXPECT_TRUE(model["details"]["families"].is_array());
    EXPECT_GT(base::parse_timestamp(model["modified_at"].get<std::string>()).time_since_epoch().count(), 0);
    if (model["name"] == "plain:latest") {
      EXPECT_EQ(
          to_json(model["details"]),
          R"({"parent_model":"","format":"axmodel","family":"llama","families":["llama"],)"
          R"("parameter_size":"751.63M","quantization_level":"W8A16","context_length":256,"embedding_length":64})");
      EXPECT_EQ(model["capabilities"], Json::array({"completion"}));
      EXPECT_GT(model["size"].get<int>(), 40'000);
    }
    if (model["name"] == "thinker:latest") {
      EXPECT_EQ(model["capabilities"], Json::array({"completion", "thinking"}));
    }
    if (model["name"] == "broken:latest") {
      EXPECT_FALSE(model.contains("capabilities"));
    }
  }
  // A folder dropped in later appears at once.
  models_.add("later", testing::kPlainTemplate, "");
  EXPECT_EQ(Json::parse(server().call("GET", "/api/tags").body)["models"].size(), 5U);
}

TEST_F(OllamaApiTest, NoModelsIsAnEmptyList) {
  std::filesystem::remove_all(models_.path());
  EXPECT_EQ(server().call("GET", "/api/tags").body, R"({"models":[]})");
  EXPECT_EQ(server().call("GET", "/api/ps").body, R"({"models":[]})");
}

TEST_F(OllamaApiTest, PsListsWhatIsLoaded) {
  const auto package = library_.open(library_.find("plain"));
  serving::LoadedModel model;
  model.model = {"plain:latest", std::string(64, 'a'), package};
  model.card_bytes = 1'000'000;
  model.context_length = 256;
  model.expires_at = std::chrono::system_clock::now() + 5min;
  service_.models.push_back(model);
  model.model.name = "forever:latest";
  model.expires_at = std::chrono::system_clock::time_point::max();
  model.pinned = true;
  service_.models.push_back(model);
  const Json ps = Json::parse(server().call("GET", "/api/ps").body);
  ASSERT_EQ(ps["models"].size(), 2U);
  EXPECT_EQ(ps["models"][0]["name"], "forever:latest");
  EXPECT_EQ(ps["models"][0]["pinned"], true);
  const Json& plain = ps["models"][1];
  EXPECT_FALSE(plain.contains("pinned"));
  EXPECT_EQ(plain["model"], "plain:latest");
  EXPECT_EQ(plain["size"], 1'000'000);
  EXPECT_EQ(plain["size_vram"], 1'000'000);
  EXPECT_EQ(plain["context_length"], 256);
  EXPECT_EQ(plain["processor"], "NPU");
  EXPECT_EQ(plain["details"]["family"], "llama");
  const auto expires = base::parse_timestamp(plain["expires_at"].get<std::string>());
  EXPECT_NEAR(std::chrono::duration<double>(expires - std::chrono::system_clock::now()).count(), 300, 5);
}

TEST_F(OllamaApiTest, PsTellsWhatBecameOfADraft) {
  serving::LoadedModel model;
  model.model = {"plain:latest", std::string(64, 'a'), nullptr};
  model.model.draft = std::make_shared<const serving::ModelReference>("small:latest", "", nullptr);
  service_.models = {model, model};
  service_.models[1].draft_problem = "There is no room.";
  const Json ps = Json::parse(server().call("GET", "/api/ps").body);
  EXPECT_EQ(ps["models"][0]["draft"], (Json{{"model", "small:latest"}}));
  EXPECT_EQ(ps["models"][1]["draft"], (Json{{"model", "small:latest"}, {"problem", "There is no room."}}));
}

TEST_F(OllamaApiTest, ADraftIsLimitedByTheRequestAndCountedApart) {
  service_.on_submit = [](testing::FakeRequest& request) {
    request.push_ready();
    inference::TokenEvent event;
    event.done = true;
    event.stats.generated_tokens = 9;
    event.stats.guessed_tokens = 8;
    event.stats.accepted_tokens = 3;
    event.stats.drafted_tokens = 7;
    event.stats.accepted_drafts = 2;
    request.push(event);
  };
  Json body = generate_body("plain");
  body["stream"] = false;
  const Json answer = reply("/api/generate", body);
  EXPECT_EQ(answer["eval_guessed_count"], 8);
  EXPECT_EQ(answer["eval_accepted_count"], 3);
  EXPECT_EQ(answer["eval_draft_count"], 7);
  EXPECT_EQ(answer["eval_draft_accepted_count"], 2);
  EXPECT_EQ(submitted().generation.longest_draft, inference::kDefaultDraft);
  EXPECT_EQ(submitted().model.draft, nullptr);
  body["options"]["draft_num_predict"] = 0;
  reply("/api/generate", body);
  EXPECT_EQ(submitted().generation.longest_draft, 0U);
}

TEST_F(OllamaApiTest, ShowTellsWhatClientsLookFor) {
  models_.write("plain/LICENSE", "Free for all.\n");
  models_.write("plain/post_config.json",
                R"({"enable_temperature":true,"temperature":0.7,"enable_top_k_sampling":true,"top_k":20})");
  const Json show = reply("/api/show", {{"name", "PLAIN"}});
  EXPECT_EQ(show["model_info"]["general.architecture"], "llama");
  EXPECT_EQ(show["model_info"]["general.basename"], "plain");
  EXPECT_EQ(show["model_info"]["llama.context_length"], 256);
  EXPECT_EQ(show["model_info"]["llama.embedding_length"], 64);
  EXPECT_EQ(show["model_info"]["llama.block_count"], 3);
  EXPECT_EQ(show["model_info"]["llama.attention.head_count"], 4);
  EXPECT_EQ(show["model_info"]["llama.attention.head_count_kv"], 2);
  EXPECT_EQ(show["model_info"]["llama.attention.key_length"], 16);
  EXPECT_EQ(show["model_info"]["llama.attention.value_length"], 16);
  EXPECT_EQ(show["model_info"]["general.parameter_count"], 751'632'384);
  EXPECT_EQ(show["details"]["family"], "llama");
  EXPECT_EQ(show["capabilities"], Json::array({"completion"}));
  EXPECT_EQ(show["license"], "Free for all.\n");
  EXPECT_EQ(show["parameters"],
            "stop                           \"<|special_0|>\"\n"
            "temperature                    0.7\n"
            "top_k                          20");
  EXPECT_EQ(
      show["template"],
      "{{ if .System }}[system]{{ .System }}\n{{ end }}{{ range .Messages }}{{ if eq .Role \"user\" }}[user]"
      "{{ .Content }}\n{{ else if eq .Role \"assistant\" }}[assistant]{{ .Content }}\n{{ end }}{{ end "
      "}}[assistant]");
  const std::string modelfile = show["modelfile"];
  EXPECT_THAT(modelfile, StartsWith("# Modelfile generated by \"ollama show\"\n"
                                    "# To build a new Modelfile based on this, replace FROM with:\n"
                                    "# FROM plain:latest\n\nFROM /"));
  EXPECT_THAT(modelfile, HasSubstr("PARAMETER stop \"<|special_0|>\"\nPARAMETER temperature 0.7\n"));
}

TEST_F(OllamaApiTest, ShowTakesOverridesAndCopilotsName) {
  const Json show =
      reply("/api/show", {{"model", "plain"}, {"system", "Be brief."}, {"options", {{"num_ctx", 99}}}});
  EXPECT_EQ(show["system"], "Be brief.");
  EXPECT_THAT(show["parameters"].get<std::string>(), HasSubstr("num_ctx                        99"));
  const RawResponse copilot = server().call("POST", "/api/show", R"({"model":"PLAIN:latest"})",
                                            "User-Agent: GitHubCopilotChat/1.0\r\n");
  EXPECT_EQ(Json::parse(copilot.body)["model_info"]["general.basename"], "PLAIN:latest");
}

TEST_F(OllamaApiTest, ShowErrors) {
  EXPECT_EQ(error("/api/show", "{}", 400), "model is required");
  EXPECT_EQ(error("/api/show", "", 400), "missing request body");
  EXPECT_EQ(error("/api/show", R"({"model":"nope"})", 404), "model 'nope' not found");
  EXPECT_EQ(error("/api/show", R"({"model":"a b"})", 400), "invalid model name");
  EXPECT_THAT(error("/api/show", R"({"model":"broken"})", 400), HasSubstr("LFS"));
}

TEST_F(OllamaApiTest, TextBecomesTokensAndBack) {
  EXPECT_EQ(to_json(reply("/api/tokenize", {{"model", "plain"}, {"text", "Hi"}})),
            R"({"model":"plain","tokens":[72,105]})");
  EXPECT_EQ(reply("/api/tokenize", {{"model", "plain"}, {"content", ""}})["tokens"], Json::array());
  EXPECT_EQ(to_json(reply("/api/detokenize", {{"model", "plain"}, {"tokens", {72, 105}}})),
            R"({"model":"plain","text":"Hi"})");
  EXPECT_EQ(error("/api/tokenize", R"({"text":"x"})", 400), "model is required");
  EXPECT_EQ(error("/api/tokenize", R"({"model":"nope"})", 404), "model 'nope' not found");
  EXPECT_THAT(error("/api/detokenize", R"({"model":"plain","tokens":[999]})", 400), HasSubstr("token 999"));
  EXPECT_THAT(error("/api/detokenize", R"({"model":"plain","tokens":["x"]})", 400),
              HasSubstr("whole numbers"));
}

TEST_F(OllamaApiTest, StatusTellsOfTheCards) {
  service_.status.available = true;
  service_.status.device_id = 3;
  service_.status.runtime_version = "V3.6.3";
  service_.status.temperature_celsius = 49.5;
  service_.status.npu_percent = 12.0;
  service_.status.cmm_total_bytes = 7'000'000'000;
  service_.status.cmm_free_bytes = 4'000'000'000;
  Json status = Json::parse(server().call("GET", "/api/status").body);
  EXPECT_EQ(status["waiting_requests"], 0);
  EXPECT_EQ(
      to_json(status["cards"]),
      R"([{"device_id":3,"available":true,"software_card":false,"problem":"","runtime_version":"V3.6.3",)"
      R"("temperature_celsius":49.5,"npu_percent":12.0,"memory_total":7000000000,)"
      R"("memory_free":4000000000}])");
  service_.status = {};
  service_.status.problem = "There is no card.";
  status = Json::parse(server().call("GET", "/api/status").body);
  EXPECT_EQ(to_json(status["cards"]),
            R"([{"device_id":-1,"available":false,"software_card":false,"problem":"There is no card.",)"
            R"("runtime_version":""}])");
}

TEST_F(OllamaApiTest, AccountAndCloudAreAnsweredAsOffline) {
  EXPECT_EQ(to_json(Json::parse(server().call("GET", "/api/status").body)["cloud"]),
            R"({"disabled":true,"source":"env"})");
  EXPECT_EQ(error("/api/me", "", 401), "unauthorized");
  EXPECT_EQ(server().call("POST", "/api/signout").status, 200);
  EXPECT_EQ(server().call("DELETE", "/api/user/keys/abc").status, 200);
  EXPECT_EQ(error("/api/experimental/web_search", R"({"query":"x"})", 403),
            "ollama cloud is disabled: web search is unavailable");
  EXPECT_EQ(error("/api/experimental/web_fetch", "{}", 403),
            "ollama cloud is disabled: web fetch is unavailable");
  EXPECT_EQ(server().call("GET", "/api/experimental/model-recommendations").body,
            R"({"recommendations":[]})");
}

// ---- Answers

TEST_F(OllamaApiTest, ChatStreamsRecords) {
  const RawResponse response = post("/api/chat", chat_body("plain"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(*response.headers.find("Content-Type"), "application/x-ndjson");
  EXPECT_TRUE(response.complete);
  const std::vector<Json> records = records_of(response.body);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0]["model"], "plain");
  EXPECT_EQ(to_json(records[0]["message"]), R"({"role":"assistant","content":"Hel"})");
  EXPECT_EQ(records[0]["done"], false);
  EXPECT_THAT(records[0]["created_at"].get<std::string>(), ::testing::MatchesRegex("20..-..-..T..:..:.*Z"));
  EXPECT_EQ(records[1]["message"]["content"], "lo");
  const Json& last = records[2];
  EXPECT_EQ(to_json(last["message"]), R"({"role":"assistant","content":""})");
  EXPECT_EQ(last["done"], true);
  EXPECT_EQ(last["done_reason"], "stop");
  EXPECT_EQ(last["load_duration"], 3'000'000);
  EXPECT_EQ(last["prompt_eval_count"], 11);
  EXPECT_EQ(last["prompt_eval_duration"], 5'000'000);
  EXPECT_EQ(last["eval_count"], 7);
  EXPECT_EQ(last["eval_duration"], 9'000'000);
  EXPECT_GT(last["total_duration"].get<std::int64_t>(), 0);
  EXPECT_FALSE(last.contains("context"));
  EXPECT_EQ(prompt(), "[user]Hi\n[assistant]");
  EXPECT_EQ(submitted().client, "127.0.0.1");
  EXPECT_EQ(submitted().model.name, "plain:latest");
}

TEST_F(OllamaApiTest, ChatAsOneObject) {
  Json body = chat_body("plain:latest");
  body["stream"] = false;
  const Json whole = reply("/api/chat", body);
  EXPECT_EQ(whole["model"], "plain:latest");
  EXPECT_EQ(whole["message"]["content"], "Hello");
  EXPECT_EQ(whole["done"], true);
  EXPECT_EQ(whole["eval_count"], 7);
}

TEST_F(OllamaApiTest, GenerateStreamsRecordsAndReturnsTheContext) {
  const std::vector<Json> records = records_of(post("/api/generate", generate_body("plain")).body);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0]["response"], "Hel");
  EXPECT_FALSE(records[0].contains("message"));
  EXPECT_EQ(records[2]["response"], "");
  const auto context = records[2]["context"].get<std::vector<int>>();
  ASSERT_EQ(context.size(), prompt().size() + 2);
  EXPECT_EQ(context[0], '[');
  EXPECT_EQ(context.back(), 2);
  // The next question continues it.
  Json next = generate_body("plain", "More");
  next["context"] = context;
  next["stream"] = false;
  EXPECT_EQ(reply("/api/generate", next)["response"], "Hello");
  EXPECT_EQ(prompt(), "[user]Hi\n[assistant]\x01\x02[user]More\n[assistant]");
}

TEST_F(OllamaApiTest, GenerateWithSystemAndRaw) {
  Json body = generate_body("plain");
  body["system"] = "Be brief.";
  body["stream"] = false;
  reply("/api/generate", body);
  EXPECT_EQ(prompt(), "[system]Be brief.\n[user]Hi\n[assistant]");
  Json raw = generate_body("plain", "Once upon");
  raw["raw"] = true;
  raw["stream"] = false;
  const Json whole = reply("/api/generate", raw);
  EXPECT_EQ(prompt(), "Once upon");
  EXPECT_FALSE(whole.contains("context"));
  raw["system"] = "x";
  EXPECT_EQ(reply("/api/generate", raw, 400)["error"],
            "raw mode does not support template, system, or context");
}

TEST_F(OllamaApiTest, KeysAreCaseInsensitiveUnknownOnesIgnoredAndNullIsUnset) {
  const RawResponse response = server().post(
      "/api/chat",
      R"({"MODEL":"plain","Messages":[{"Role":"USER","CONTENT":"Hi","extra":1}],"Stream":false,"format":null,"tools":[],
          "keep_alive":null,"options":null,"whatever":{"a":[1,2]}} and trailing rubbish)");
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(prompt(), "[user]Hi\n[assistant]");
}

TEST_F(OllamaApiTest, OptionsReachTheEngine) {
  Json body = chat_body("plain");
  body["options"] = {
      {"temperature", 0}, {"seed", 5}, {"num_predict", 9}, {"stop", {"\n", "User:"}}, {"num_gpu", 1}};
  body["keep_alive"] = "10m";
  post("/api/chat", body);
  const inference::GenerationRequest& generation = submitted().generation;
  EXPECT_EQ(generation.sampling.temperature, 0);
  EXPECT_EQ(generation.sampling.seed, 5U);
  EXPECT_EQ(generation.max_tokens, 9);
  EXPECT_THAT(generation.stop, ElementsAre("\n", "User:"));
  EXPECT_EQ(submitted().keep_alive->duration, 10min);
}

TEST_F(OllamaApiTest, AnEmptyBodyPartIsNotAnAnswer) {
  service_.on_submit = [](FakeRequest& request) {
    request.push_ready();
    request.push_text("");
    request.push_text("");
    request.push_done(FinishReason::kLength, "tail");
  };
  const std::vector<Json> records = records_of(post("/api/chat", chat_body("plain")).body);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0]["message"]["content"], "tail");
  EXPECT_EQ(records[1]["done_reason"], "length");
}

TEST_F(OllamaApiTest, ShowsTheRenderedPromptWhenAsked) {
  Json body = chat_body("plain");
  body["_debug_render_only"] = true;
  EXPECT_EQ(reply("/api/chat", body)["_debug_info"]["rendered_template"], "[user]Hi\n[assistant]");
  EXPECT_EQ(service_.request_count(), 0U);
}

// ---- Thinking

TEST_F(OllamaApiTest, ThoughtsComeInTheirOwnField) {
  service_.on_submit = [](FakeRequest& request) {
    request.push_ready();
    for (const char* part : {"<th", "ink>\nI a", "dd. \n</thi", "nk>\n\nIt is", " 4."}) {
      request.push_text(part);
    }
    request.push_done();
  };
  const std::vector<Json> records = records_of(post("/api/chat", chat_body("thinker")).body);
  std::string thinking;
  std::string content;
  for (const Json& record : records) {
    const Json& message = record["message"];
    thinking += message.value("thinking", "");
    content += message["content"].get<std::string>();
    EXPECT_TRUE(!message.contains("thinking") || message["content"] == "") << record;
  }
  EXPECT_EQ(thinking, "I add.");
  EXPECT_EQ(content, "It is 4.");
  EXPECT_EQ(prompt(), "[user]Hi\n[assistant]");
  Json whole = chat_body("thinker");
  whole["stream"] = false;
  whole["think"] = "high";
  EXPECT_EQ(to_json(reply("/api/chat", whole)["message"]),
            R"({"role":"assistant","content":"It is 4.","thinking":"I add."})");
  Json generate = generate_body("thinker");
  generate["stream"] = false;
  const Json generated = reply("/api/generate", generate);
  EXPECT_EQ(generated["thinking"], "I add.");
  EXPECT_EQ(generated["response"], "It is 4.");
}

TEST_F(OllamaApiTest, WithoutThinkingTheTextIsLeftAlone) {
  service_.on_submit = [](FakeRequest& request) {
    request.push_text("<think>x</think>y");
    request.push_done();
  };
  Json body = chat_body("thinker");
  body["think"] = false;
  body["stream"] = false;
  EXPECT_EQ(to_json(reply("/api/chat", body)["message"]),
            R"({"role":"assistant","content":"<think>x</think>y"})");
  EXPECT_EQ(prompt(), "[user]Hi\n[assistant]<think></think>");
  Json plain = chat_body("plain");
  plain["stream"] = false;
  plain["think"] = false;
  EXPECT_EQ(reply("/api/chat", plain)["message"]["content"], "<think>x</think>y");
}

TEST_F(OllamaApiTest, EarlierThoughtsAreNotShownToTheModel) {
  Json body = chat_body("thinker");
  body["messages"] = Json::array({Json{{"role", "user"}, {"content", "a"}},
                                  Json{{"role", "assistant"}, {"content", "<think>old</think>\n\nb"}},
                                  Json{{"role", "user"}, {"content", "c"}},
                                  Json{{"role", "assistant"}, {"content", "d"}, {"thinking", "new"}}});
  post("/api/chat", body);
  EXPECT_EQ(prompt(), "[user]a\n[assistant]b\n[user]c\n[assistant]<think>new</think>d\n[assistant]");
}

// ---- Loading and unloading

TEST_F(OllamaApiTest, EmptyInputLoadsAndKeepAliveZeroUnloads) {
  const Json loaded = reply("/api/generate", {{"model", "plain"}, {"keep_alive", -1}});
  EXPECT_EQ(loaded["response"], "");
  EXPECT_EQ(loaded["done"], true);
  EXPECT_EQ(loaded["done_reason"], "load");
  EXPECT_FALSE(loaded.contains("total_duration"));
  const Json chat_loaded = reply("/api/chat", {{"model", "plain"}, {"messages", Json::array()}});
  EXPECT_EQ(to_json(chat_loaded["message"]), R"({"role":"assistant","content":""})");
  EXPECT_EQ(chat_loaded["done_reason"], "load");
  ASSERT_EQ(service_.loads().size(), 2U);
  EXPECT_EQ(service_.loads()[0].second->duration, serving::KeepAlive::kForever);
  EXPECT_FALSE(service_.loads()[1].second);

  EXPECT_EQ(reply("/api/generate", {{"model", "plain"}, {"keep_alive", 0}})["done_reason"], "unload");
  EXPECT_EQ(reply("/api/chat", {{"model", "plain"}, {"keep_alive", "0s"}})["done_reason"], "unload");
  EXPECT_EQ(service_.unloads(), std::vector<std::string>(2, library_.find("plain").digest));
  // With a prompt, 0 means: run, then unload.
  Json body = generate_body("plain");
  body["keep_alive"] = 0;
  post("/api/generate", body);
  EXPECT_EQ(submitted().keep_alive->duration, 0ns);
  EXPECT_EQ(service_.unloads().size(), 2U);
}

TEST_F(OllamaApiTest, AFailedLoadIsAnError) {
  service_.on_load = [](FakeRequest& request) {
    request.push(
        base::Error(base::ErrorCode::kResourceExhausted, "the card has 1 byte left, the model needs 2"));
  };
  const RawResponse response = server().post("/api/generate", R"({"model":"plain"})");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, R"({"error":"the card has 1 byte left, the model needs 2"})");
  EXPECT_NE(response.headers.find("Retry-After"), nullptr);
}

TEST_F(OllamaApiTest, AModelWhoseContextNobodyKnowsIsLoadedFirst) {
  service_.on_load = [this](FakeRequest& request) {
    serving::LoadedModel model;
    model.model.digest = library_.find("unknown-context").digest;
    model.context_length = 100;
    service_.models.push_back(model);
    request.push_ready(4ms);
    request.push_done();
  };
  Json body = chat_body("unknown-context");
  body["stream"] = false;
  body["keep_alive"] = 0;
  EXPECT_EQ(reply("/api/chat", body)["load_duration"], 7'000'000);
  ASSERT_EQ(service_.loads().size(), 1U);
  EXPECT_GT(service_.loads()[0].second->duration, 1s) << "it must still be there when the generation comes";
  EXPECT_EQ(submitted().keep_alive->duration, 0ns);
  service_.models.clear();
  reply("/api/chat", body);
  EXPECT_EQ(service_.loads().size(), 1U) << "known from now on";
}

// ---- Context

TEST_F(OllamaApiTest, LongConversationsLoseTheirOldestMessages) {
  Json body = chat_body("plain");
  body["messages"] = Json::array({Json{{"role", "system"}, {"content", "SYS"}}});
  for (int i = 0; i < 20; ++i) {
    body["messages"].push_back({{"role", "user"}, {"content", "question " + std::to_string(i)}});
    body["messages"].push_back({{"role", "assistant"}, {"content", "answer " + std::to_string(i)}});
  }
  body["messages"].push_back({{"role", "user"}, {"content", "last"}});
  post("/api/chat", body);
  const std::string shown = prompt();
  EXPECT_LE(shown.size(), 256U - 256U / 8);
  EXPECT_THAT(shown, StartsWith("[system]SYS\n[user]question 1"));
  EXPECT_TRUE(shown.ends_with("[user]last\n[assistant]"));
  EXPECT_GT(shown.size(), 180U) << "no more than needed is dropped";
  body["truncate"] = false;
  EXPECT_THAT(reply("/api/chat", body, 400)["error"].get<std::string>(),
              HasSubstr("the prompt is longer than the context length"));
}

TEST_F(OllamaApiTest, ATooLongPromptLosesItsMiddle) {
  Json body = generate_body("plain", std::string(1000, 'x') + "END");
  post("/api/generate", body);
  EXPECT_EQ(prompt().size(), 256U - (256U - 4U) / 2);
  EXPECT_THAT(prompt(), StartsWith("[usexx"));
  EXPECT_TRUE(prompt().ends_with("xEND\n[assistant]"));
  body["shift"] = false;
  EXPECT_EQ(
      reply("/api/generate", body, 400)["error"].get<std::string>().find("context") != std::string::npos,
      true);
}

TEST_F(OllamaApiTest, NumCtxIsClamped) {
  Json body = generate_body("plain", std::string(1000, 'x'));
  body["options"]["num_ctx"] = 1'000'000;
  post("/api/generate", body);
  EXPECT_LT(prompt().size(), 256U);
  body["options"]["num_ctx"] = 64;
  post("/api/generate", body);
  EXPECT_LT(prompt().size(), 64U);
  body["options"]["num_ctx"] = 1;
  post("/api/generate", body);
  EXPECT_LT(prompt().size(), 4U);
  Json unshifted = generate_body("plain");
  unshifted["shift"] = false;
  unshifted["options"]["num_ctx"] = 40;
  post("/api/generate", unshifted);
  EXPECT_EQ(submitted().generation.context_limit, 40U);
  EXPECT_FALSE(submitted().generation.context_shift);
}

TEST_F(OllamaApiTest, AFullContextIsShiftedUnlessItShallNot) {
  Json body = generate_body("plain");
  body["options"]["num_ctx"] = 64;
  body["options"]["num_keep"] = 9;
  post("/api/generate", body);
  EXPECT_EQ(submitted().generation.context_limit, 64U);
  EXPECT_TRUE(submitted().generation.context_shift);
  EXPECT_EQ(submitted().generation.keep_tokens, 9U);
  body["options"]["num_keep"] = -1;
  post("/api/generate", body);
  EXPECT_EQ(submitted().generation.keep_tokens, std::min<std::size_t>(prompt().size(), 32));
  body["options"]["num_keep"] = 1000;
  post("/api/generate", body);
  EXPECT_EQ(submitted().generation.keep_tokens, 32U);
}

TEST_F(OllamaApiTest, WhatTheSystemSaysIsPinned) {
  Json body = chat_body("plain", "hello");
  post("/api/chat", body);
  EXPECT_EQ(submitted().generation.pinned_prompt_tokens, 0U);
  body["messages"] = Json::array(
      {Json{{"role", "system"}, {"content", "SYS"}}, Json{{"role", "user"}, {"content", "x and y"}}});
  post("/api/chat", body);
  EXPECT_EQ(prompt().substr(0, submitted().generation.pinned_prompt_tokens), "[system]SYS\n[user]");
  body["messages"][1]["content"] = "you";
  post("/api/chat", body);
  EXPECT_EQ(prompt().substr(0, submitted().generation.pinned_prompt_tokens), "[system]SYS\n[user]");
  body["messages"].erase(1);
  post("/api/chat", body);
  EXPECT_EQ(submitted().generation.pinned_prompt_tokens, 0U);
  Json generate = generate_body("plain", "hello");
  generate["system"] = "S";
  post("/api/generate", generate);
  EXPECT_EQ(prompt().substr(0, submitted().generation.pinned_prompt_tokens), "[system]S\n[user]");
}

TEST_F(OllamaApiTest, ARequestCanHaveADeadline) {
  Json body = generate_body("plain");
  post("/api/generate", body);
  EXPECT_FALSE(submitted().generation.deadline.has_value());
  const auto before = std::chrono::steady_clock::now();
  for (const Json& timeout : {Json(90), Json("1m30s")}) {
    body["options"]["request_timeout"] = timeout;
    post("/api/generate", body);
    EXPECT_GE(submitted().generation.deadline.value() - before, std::chrono::seconds(90));
    EXPECT_LT(submitted().generation.deadline.value() - before, std::chrono::seconds(1000));
  }
  for (const Json& timeout : {Json(0), Json(-3), Json("0s"), Json("soon"), Json(true)}) {
    body["options"]["request_timeout"] = timeout;
    reply("/api/generate", body, 400);
  }
}

TEST_F(OllamaApiTest, ATextOfWhichNextToNothingWouldBeLeftIsRefused) {
  for (const char* path : {"/api/chat", "/api/generate"}) {
    Json body = chat_body("plain", std::string(10 << 20, 'x'));
    body["prompt"] = std::string(10 << 20, 'x');
    EXPECT_THAT(reply(path, body, 400)["error"].get<std::string>(),
                HasSubstr("the prompt is longer than the context length"));
  }
  EXPECT_EQ(service_.request_count(), 0U);
  EXPECT_EQ(post("/api/chat", chat_body("plain")).status, 200);
}

// ---- Errors

TEST_F(OllamaApiTest, BodiesThatAreNoRequest) {
  for (const char* path : {"/api/generate", "/api/chat", "/api/show"}) {
    EXPECT_EQ(error(path, "", 400), "missing request body");
    EXPECT_THAT(error(path, "{\"model\":", 400), StartsWith("the request body is not valid JSON"));
    EXPECT_EQ(error(path, "[]", 400), "the request body must be a JSON object, not an array");
    EXPECT_EQ(error(path, R"({"model":5})", 400), "the field \"model\" must be a string, not a number");
  }
}

TEST_F(OllamaApiTest, ChecksComeInOllamasOrder) {
  // The model's name.
  EXPECT_EQ(error("/api/generate", R"({"prompt":"x"})", 404), "model '' not found");
  EXPECT_EQ(error("/api/chat", R"({"messages":[]})", 400), "model is required");
  EXPECT_EQ(error("/api/generate", R"({"model":"a b","prompt":"x"})", 400), "invalid model name");
  EXPECT_EQ(error("/api/chat", R"({"model":"No/Such:Tag","messages":[]})", 404),
            "model 'No/Such:Tag' not found");
  EXPECT_EQ(error("/api/chat", R"({"model":"gpt:120b-cloud"})", 404), "model 'gpt:120b-cloud' not found");
  // Types and ranges before the model.
  EXPECT_EQ(error("/api/chat", R"({"model":"nope","top_logprobs":21})", 400),
            "top_logprobs must be between 0 and 20");
  EXPECT_EQ(error("/api/chat", R"({"model":"nope","messages":"hi"})", 400),
            "the field \"messages\" must be an array, not a string");
  EXPECT_EQ(error("/api/chat", R"({"model":"nope","messages":[{"role":"user","content":[]}]})", 400),
            "the field \"messages[0].content\" must be a string, not an array");
  EXPECT_EQ(error("/api/chat", R"({"model":"nope","stream":"yes"})", 400),
            "the field \"stream\" must be true or false, not a string");
  EXPECT_EQ(error("/api/chat", R"({"model":"nope","keep_alive":true})", 400), "Unsupported type: 'bool'");
  EXPECT_EQ(error("/api/chat", R"({"model":"nope","think":"hard"})", 400),
            "invalid think value: \"hard\" (must be \"high\", \"medium\", \"low\", \"max\", true, or false)");
  EXPECT_EQ(error("/api/chat", R"({"model":"nope","options":[]})", 400),
            "the field \"options\" must be an object, not an array");
  // The model before what it can do; unloading before that.
  EXPECT_EQ(error("/api/chat", R"({"model":"nope","think":true,"messages":[]})", 404),
            "model 'nope' not found");
  EXPECT_EQ(reply("/api/chat", {{"model", "plain"}, {"think", true}, {"keep_alive", 0}})["done_reason"],
            "unload");
  EXPECT_EQ(error("/api/chat", R"({"model":"plain","think":true,"tools":[{}]})", 400),
            "\"plain\" does not support thinking");
  EXPECT_EQ(error("/api/chat", R"({"model":"plain","options":{"top_k":"x"}})", 400),
            "option \"top_k\" must be of type integer");
  EXPECT_THAT(error("/api/chat", R"({"model":"broken","messages":[]})", 400), HasSubstr("LFS"));
}

TEST_F(OllamaApiTest, LogprobsComeWithTheirTokens) {
  service_.on_submit = [](FakeRequest& request) {
    request.push_ready();
    inference::TokenEvent event;
    event.tokens = {5};
    event.text = "h\xc3\xa9";
    event.logprobs = {{5, "h\xc3\xa9", -0.5, {{5, "h\xc3\xa9", -0.5, {}}, {6, "\xff", -1.5, {}}}}};
    request.push(event);
    request.push_done();
  };
  Json body = chat_body("plain");
  body["logprobs"] = true;
  body["top_logprobs"] = 2;
  const std::vector<Json> records = records_of(post("/api/chat", body).body);
  EXPECT_EQ(to_json(records[0]["logprobs"]),
            "[{\"token\":\"h\u00e9\",\"logprob\":-0.5,\"bytes\":[104,195,169],\"top_logprobs\":["
            "{\"token\":\"h\u00e9\",\"logprob\":-0.5,\"bytes\":[104,195,169]},"
            "{\"token\":\"\ufffd\",\"logprob\":-1.5,\"bytes\":[255]}]}]");
  EXPECT_FALSE(records[1].contains("logprobs"));
  EXPECT_EQ(submitted().generation.top_logprobs, 2);
  body["stream"] = false;
  EXPECT_EQ(reply("/api/chat", body)["logprobs"].size(), 1U);
}

TEST_F(OllamaApiTest, AFormatBecomesAConstraint) {
  const auto allows = [&](const std::string& path, Json body, const Json& format, const std::string& answer) {
    body["format"] = format;
    EXPECT_EQ(post(path, body).status, 200) << to_json(body);
    return accepts(*submitted().generation.constraint, answer);
  };
  const Json schema =
      Json::parse(R"({"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]})");
  const Json generate{{"model", "plain"}, {"prompt", "x"}};
  EXPECT_TRUE(allows("/api/chat", chat_body("plain"), schema, R"({"n": 12})"));
  EXPECT_FALSE(allows("/api/chat", chat_body("plain"), schema, R"({"m": 12})"));
  EXPECT_TRUE(allows("/api/generate", generate, schema, R"({"n": 12})"));
  EXPECT_TRUE(allows("/api/generate", generate, "json", R"([1])"));
  EXPECT_FALSE(allows("/api/generate", generate, "json", R"(Sure)"));
  EXPECT_EQ(submitted().generation.constraint_after, "");

  Json thinker = chat_body("thinker");
  thinker["think"] = true;
  EXPECT_TRUE(allows("/api/chat", thinker, schema, R"({"n":1})"));
  EXPECT_TRUE(allows("/api/chat", thinker, schema, "<think>\nhm</think>\n\n{\"n\":1}"));
  thinker["think"] = false;
  EXPECT_FALSE(allows("/api/chat", thinker, schema, "<think>\nhm</think>\n\n{\"n\":1}"));
}

TEST_F(OllamaApiTest, GrammarsExpressionsAndChoicesBecomeConstraints) {
  const auto allows = [&](Json body, const std::string& field, const Json& form, const std::string& answer) {
    body[field] = form;
    EXPECT_EQ(post(body.contains("prompt") ? "/api/generate" : "/api/chat", body).status, 200)
        << to_json(body);
    return accepts(*submitted().generation.constraint, answer);
  };
  const std::string grammar = "root ::= \"(\" item \")\"\nitem ::= root | [0-9]+";
  const Json choices{"yes", "no"};
  for (const Json& body : {chat_body("plain"), Json{{"model", "plain"}, {"prompt", "x"}}}) {
    EXPECT_TRUE(allows(body, "grammar", grammar, "((42))"));
    EXPECT_FALSE(allows(body, "grammar", grammar, "((42)"));
    EXPECT_TRUE(allows(body, "regex", "[a-c]{2}\\d", "ab7"));
    EXPECT_FALSE(allows(body, "regex", "[a-c]{2}\\d", "xab7"));
    EXPECT_FALSE(allows(body, "regex", "[a-c]{2}\\d", "ab78"));
    EXPECT_TRUE(allows(body, "choices", choices, "no"));
    EXPECT_FALSE(allows(body, "choices", choices, "not"));
    EXPECT_TRUE(allows(body, "Choices", choices, "yes"));
    EXPECT_EQ(submitted().generation.constraint_after, "");
  }

  Json thinker = chat_body("thinker");
  thinker["think"] = true;
  for (const std::string thoughts : {"", "<think>\nhm</think>"}) {
    EXPECT_TRUE(allows(thinker, "grammar", grammar, thoughts + "(1)"));
    EXPECT_TRUE(allows(thinker, "regex", "[a-c]+", thoughts + "abc"));
    EXPECT_TRUE(allows(thinker, "choices", choices, thoughts + "yes"));
    EXPECT_FALSE(allows(thinker, "choices", choices, thoughts + "maybe"));
  }
  thinker["think"] = false;
  EXPECT_FALSE(allows(thinker, "regex", "[a-c]+", "<think>\nhm</think>abc"));
}

TEST_F(OllamaApiTest, FieldsThatAreEmptySayNothingOfTheAnswersForm) {
  Json body = chat_body("plain");
  body.update(Json{{"format", ""}, {"grammar", ""}, {"regex", ""}, {"choices", nullptr}});
  EXPECT_EQ(post("/api/chat", body).status, 200);
  EXPECT_EQ(submitted().generation.constraint, nullptr);
  body["choices"] = Json::array({"a"});
  EXPECT_EQ(post("/api/chat", body).status, 200);
  EXPECT_TRUE(accepts(*submitted().generation.constraint, "a"));
}

TEST_F(OllamaApiTest, BadFormsAreRefusedBeforeAnythingIsGenerated) {
  const auto message = [&](const std::string& fields) {
    return error("/api/generate", R"({"model":"plain","prompt":"x",)" + fields + "}", 400);
  };
  EXPECT_EQ(message(R"("grammar":"root ::= a\na ::= [b")"),
            "The grammar is wrong in line 2: '[' has no ']'.");
  EXPECT_EQ(message(R"("grammar":"root ::= root \"x\" | \"y\"")"),
            "The rule 'root' can begin with itself (left recursion), which is not supported.");
  EXPECT_EQ(message(R"("grammar":"root ::= <[9999]>")"),
            "No token of the model's vocabulary can continue the answer as its format demands.");
  EXPECT_EQ(message(R"("regex":"a(b")"), "The pattern is not supported at character 4: '(' has no ')'.");
  EXPECT_EQ(message(R"("regex":")" + std::string(200, '(') + "\""),
            "The pattern is not supported at character 130: groups are nested deeper than 128.");
  EXPECT_EQ(message(R"("choices":[])"), "A list of choices must not be empty.");
  EXPECT_EQ(
      message(R"("choices":[")" + std::string(600'000, 'a') + R"(",")" + std::string(600'000, 'b') + "\"]"),
      "The choices are longer than 1048576 bytes together.");
  EXPECT_EQ(message(R"("choices":["a",2])"), "the field \"choices[1]\" must be a string, not a number");
  EXPECT_THAT(message(R"("choices":"a")"), HasSubstr("\"choices\" must be an array"));
  EXPECT_THAT(message(R"("regex":["a"])"), HasSubstr("\"regex\" must be a string"));
  EXPECT_THAT(message(R"("grammar":{})"), HasSubstr("\"grammar\" must be a string"));
  EXPECT_EQ(
      message(R"("regex":"a","format":"json")"),
      "the fields \"format\" and \"regex\" both say what the answer must look like; only one of them may");
  EXPECT_EQ(
      message(R"("choices":["a"],"grammar":"root ::= \"a\"")"),
      "the fields \"grammar\" and \"choices\" both say what the answer must look like; only one of them "
      "may");
  EXPECT_EQ(service_.request_count(), 0U);
}

TEST_F(OllamaApiTest, ABadFormatIsRefusedBeforeAnythingIsGenerated) {
  const auto message = [&](const std::string& format) {
    return error("/api/chat",
                 R"({"model":"plain","messages":[{"role":"user","content":"x"}],"format":)" + format + "}",
                 400);
  };
  EXPECT_EQ(message(R"({"type":"object","properties":{"a":{"uniqueItems":true}}})"),
            R"(The schema's keyword "uniqueItems" at "#/properties/a" is not supported.)");
  EXPECT_EQ(message(R"({"type":"integer","minimum":3,"maximum":1})"),
            R"(The schema allows no value: "minimum" and "maximum" exclude each other.)");
  EXPECT_EQ(message("[1]"), R"(invalid format: [1]; expected "json" or a valid JSON Schema object)");
  EXPECT_EQ(service_.request_count(), 0U);
}

TEST_F(OllamaApiTest, WhatIsNotSupportedIsRefused) {
  const std::string chat = R"({"model":"plain","messages":[{"role":"user","content":"x"}],)";
  EXPECT_EQ(error("/api/chat", chat + R"("tools":[{"type":"function"}]})", 400),
            "registry.ollama.ai/library/plain:latest does not support tools");
  EXPECT_EQ(error("/api/chat", chat + R"("format":"yaml"})", 400),
            "invalid format: \"yaml\"; expected \"json\" or a valid JSON Schema object");
  EXPECT_EQ(error("/api/chat",
                  R"({"model":"plain","messages":[{"role":"user","content":"x","images":["aGk="]}]})", 400),
            "\"plain\" does not support vision; send the request without images");
  EXPECT_THAT(error("/api/generate", R"({"model":"plain","prompt":"x","images":["aGk="]})", 400),
              HasSubstr("does not support vision"));
  EXPECT_EQ(error("/api/generate", R"({"model":"plain","prompt":"x","suffix":"y"})", 400),
            "registry.ollama.ai/library/plain:latest does not support insert");
  EXPECT_THAT(error("/api/generate", R"({"model":"plain","prompt":"x","template":"{{ if }}"})", 400),
              HasSubstr("template, line 1"));
  EXPECT_THAT(error("/api/generate", R"({"model":"plain","prompt":"x","context":[1,999]})", 400),
              HasSubstr("token 999"));
  // These say nothing and are fine.
  EXPECT_EQ(server()
                .post("/api/chat", chat + R"("format":"","tools":null,"logprobs":false,"top_logprobs":5})")
                .status,
            200);
  EXPECT_EQ(service_.request_count(), 1U);
}

TEST_F(OllamaApiTest, AFullQueueIsAsOllamaSaysIt) {
  service_.on_submit = [](FakeRequest&) {
    throw base::Error(base::ErrorCode::kResourceExhausted,
                      "server busy, please try again.  maximum pending requests exceeded");
  };
  const RawResponse response = post("/api/chat", chat_body("plain"));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body,
            R"({"error":"server busy, please try again.  maximum pending requests exceeded"})");
  EXPECT_EQ(*response.headers.find("Retry-After"), "5");
}

TEST_F(OllamaApiTest, ErrorsBeforeTheFirstWordHaveAStatus) {
  for (const auto& [code, status] :
       std::vector<std::pair<base::ErrorCode, int>>{{base::ErrorCode::kInvalidArgument, 400},
                                                    {base::ErrorCode::kUnavailable, 503},
                                                    {base::ErrorCode::kDevice, 500}}) {
    service_.on_submit = [code = code](FakeRequest& request) {
      request.push_ready();
      request.push(base::Error(code, "it went wrong"));
    };
    for (const bool stream : {true, false}) {
      Json body = chat_body("plain");
      body["stream"] = stream;
      EXPECT_EQ(to_json(reply("/api/chat", body, status)), R"({"error":"it went wrong"})");
    }
  }
}

TEST_F(OllamaApiTest, ErrorsLaterEndTheStreamWithALine) {
  service_.on_submit = [](FakeRequest& request) {
    request.push_ready();
    request.push_text("Hel");
    request.push(base::Error(base::ErrorCode::kDevice, "the card went offline"));
  };
  const RawResponse response = post("/api/chat", chat_body("plain"));
  EXPECT_EQ(response.status, 200);
  const std::vector<Json> records = records_of(response.body);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(to_json(records[1]), R"({"error":"the card went offline"})");
  Json whole = chat_body("plain");
  whole["stream"] = false;
  EXPECT_EQ(reply("/api/chat", whole, 500)["error"], "the card went offline");
}

// ---- Clients that leave, servers that stop

TEST_F(OllamaApiTest, ALeavingClientCancelsInEveryPhase) {
  struct Phase {
    const char* name;
    bool stream;
    std::function<void(FakeRequest&)> script;
  };
  for (const Phase& phase :
       std::vector<Phase>{{"queued", true, nullptr},
                          {"queued", false, nullptr},
                          {"prefill", true, [](FakeRequest& request) { request.push_ready(); }},
                          {"decode", true,
                           [](FakeRequest& request) {
                             request.push_ready();
                             request.push_text("Hel");
                           }},
                          {"decode", false, [](FakeRequest& request) {
                             request.push_ready();
                             request.push_text("Hel");
                           }}}) {
    service_.on_submit = phase.script;
    const std::size_t before = service_.request_count();
    Json body = chat_body("plain");
    body["stream"] = phase.stream;
    const std::string text = to_json(body);
    RawClient client(server().port());
    client.send("POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                std::to_string(text.size()) + "\r\n\r\n" + text);
    ASSERT_TRUE(testing::eventually([&] { return service_.request_count() > before; })) << phase.name;
    const auto request = service_.last_request();
    std::this_thread::sleep_for(20ms);
    EXPECT_FALSE(request->dropped());
    const auto begin = std::chrono::steady_clock::now();
    client.close();
    EXPECT_TRUE(testing::eventually([&] { return request->dropped(); })) << phase.name << phase.stream;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  }
}

TEST_F(OllamaApiTest, ManagementAnswersWhileEveryAnswerWaits) {
  service_.on_submit = nullptr;
  std::vector<std::unique_ptr<RawClient>> clients;
  const std::string text = to_json(chat_body("plain"));
  for (int i = 0; i < 50; ++i) {
    clients.push_back(std::make_unique<RawClient>(server().port()));
    clients.back()->send("POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                         std::to_string(text.size()) + "\r\n\r\n" + text);
  }
  ASSERT_TRUE(testing::eventually([&] { return service_.request_count() == 50; }));
  for (const char* path : {"/", "/api/version", "/api/tags", "/api/ps", "/api/status"}) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(server().call("GET", path).status, 200);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s) << path;
  }
}

TEST_F(OllamaApiTest, AStopEndsAStreamWithoutMakingItLookComplete) {
  service_.on_submit = [](FakeRequest& request) {
    request.push_ready();
    request.push_text("Hel");
  };
  const std::string text = to_json(chat_body("plain"));
  RawClient client(server().port());
  client.send("POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(text.size()) +
              "\r\n\r\n" + text);
  ASSERT_TRUE(client.read_until("Hel"));
  std::thread stopper([&] { server().server().stop(20s); });
  service_.last_request()->push(base::Error(base::ErrorCode::kUnavailable, "The server is shutting down."));
  const RawResponse response = client.read_response();
  stopper.join();
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(records_of(response.body).back()["error"], "The server is shutting down.");
  EXPECT_EQ(response.body.find("\"done\":true"), std::string::npos);
}

}  // namespace
}  // namespace axllama::api::ollama
