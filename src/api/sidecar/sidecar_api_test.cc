#include "api/sidecar/sidecar_api.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/json_body.h"
#include "api/testing/api_server.h"
#include "api/testing/fake_service.h"
#include "base/error.h"
#include "store/library.h"
#include "store/model_builder.h"
#include "store/model_name.h"

namespace axllama::api::sidecar {
namespace {

using http::testing::RawClient;
using http::testing::RawResponse;
using testing::FakeRequest;
using ::testing::HasSubstr;
using testing::records_of;

class SidecarApiTest : public ::testing::Test {
 protected:
  SidecarApiTest()
      : library_(store::LibraryOptions{.roots = {models_.path()}, .store = home_.path() / "store"}),
        server_([this](http::Router& router) { add_sidecar_routes(router, {service_, library_, "plain"}); }) {
  }
  ~SidecarApiTest() override { server_.server().stop(std::chrono::milliseconds(0)); }

  Json reply(const std::string& path, const std::string& body, int status = 200) {
    const RawResponse response = server_.post(path, body);
    EXPECT_EQ(response.status, status) << response.body;
    return Json::parse(response.body);
  }
  std::string error(const std::string& path, const std::string& body, int status) {
    return reply(path, body, status).value("error", "");
  }
  std::string folder(const std::string& name) const { return (models_.path() / name).string(); }

  /// A model of the store, as pulling and creating make it.
  void store_model(const std::string& name, const std::string& package) {
    store::ModelBuilder builder(*library_.store(), [](const std::string&) {});
    builder.start_from_folder(folder(package));
    builder.check_package(package);
    builder.write(store::ModelName::require(name));
  }

  testing::ModelFolder models_;
  model::testing::PackageFolder home_;
  store::Library library_;
  testing::FakeService service_;
  testing::ApiServer server_;
};

TEST_F(SidecarApiTest, GeneratesWithoutATemplate) {
  const Json whole = reply("/generate", R"({"prompt":"The capital of France is","request_id":"abc"})");
  EXPECT_EQ(to_json(whole), R"({"text":"Hello","request_id":"abc","tokens":7,"done_reason":"stop"})");
  const auto& generation = service_.last_request()->submitted->generation;
  EXPECT_EQ(generation.prompt.size(), 24U) << "one token per byte, and nothing around it";
  EXPECT_EQ(generation.max_tokens, 128);
  EXPECT_EQ(generation.sampling.temperature, 0.8);
  EXPECT_EQ(service_.last_request()->submitted->model.name, "plain:latest");
  EXPECT_EQ(reply("/generate", R"({"prompt":"x"})")["request_id"].get<std::string>().size(), 16U);
}

TEST_F(SidecarApiTest, Streams) {
  service_.on_submit = [](FakeRequest& request) {
    request.push_ready();
    request.push_text("Hel");
    request.push_text("");
    request.push_text("lo");
    request.push_done(inference::FinishReason::kLength);
  };
  const RawResponse response = server_.post("/generate", R"({"prompt":"x","stream":true,"request_id":"r"})");
  EXPECT_EQ(*response.headers.find("Content-Type"), "application/x-ndjson");
  const std::vector<Json> records = records_of(response.body);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(to_json(records[0]), R"({"text":"Hel"})");
  EXPECT_EQ(to_json(records[1]), R"({"text":"lo"})");
  EXPECT_EQ(to_json(records[2]),
            R"({"text":"","request_id":"r","tokens":7,"done_reason":"length","done":true})");
}

TEST_F(SidecarApiTest, Errors) {
  EXPECT_EQ(error("/generate", "", 400), "missing request body");
  EXPECT_THAT(error("/generate", "{}", 400), HasSubstr("prompt"));
  service_.on_submit = [](FakeRequest& request) {
    request.push(base::Error(base::ErrorCode::kDevice, "the card went offline"));
  };
  EXPECT_EQ(error("/generate", R"({"prompt":"x"})", 503), "the card went offline");
  service_.on_submit = [](FakeRequest& request) {
    request.push_text("Hel");
    request.push(base::Error(base::ErrorCode::kDevice, "the card went offline"));
  };
  const auto records = records_of(server_.post("/generate", R"({"prompt":"x","stream":true})").body);
  EXPECT_EQ(to_json(records.back()), R"({"error":"the card went offline"})");
  std::filesystem::remove_all(models_.path() / "plain");
  EXPECT_THAT(error("/generate", R"({"prompt":"x"})", 404), HasSubstr("not found"));
}

TEST_F(SidecarApiTest, LoadsByNameAndByFolder) {
  for (const std::string& asked : {std::string("thinker"), folder("thinker")}) {
    const Json loaded = reply("/load", R"({"model_path":")" + asked + "\"}");
    EXPECT_EQ(to_json(loaded), R"({"status":"loaded","model":"thinker:latest","type":"qwen3","layers":3})");
  }
  reply("/generate", R"({"prompt":"x"})");
  EXPECT_EQ(service_.last_request()->submitted->model.name, "thinker:latest");
}

TEST_F(SidecarApiTest, LoadsModelsOfTheStoreByNameAndByTheFolderThatHealthTells) {
  store_model("hf.co/me/model:v1", "thinker");
  store_model("me/model", "plain");
  const auto loaded = [this](const std::string& asked) {
    return reply("/load", R"({"model_path":")" + asked + "\"}")["model"];
  };
  EXPECT_EQ(loaded("hf.co/me/model:v1"), "hf.co/me/model:v1");
  EXPECT_EQ(loaded("me/model"), "me/model:latest");
  EXPECT_EQ(loaded("me/model:local"), "me/model:latest");
  EXPECT_EQ(error("/load", R"({"model_path":"me/other"})", 404), "model 'me/other' not found");

  serving::LoadedModel model;
  model.model = {"hf.co/me/model:v1", "d", library_.open(library_.find("hf.co/me/model:v1"))};
  service_.models.push_back(model);
  const std::string path = Json::parse(server_.call("GET", "/health").body)["model_path"];
  EXPECT_THAT(path, HasSubstr((home_.path() / "store").string()));
  EXPECT_EQ(loaded(path), "hf.co/me/model:v1");
  reply("/generate", R"({"prompt":"x"})");
  EXPECT_EQ(service_.last_request()->submitted->model.name, "hf.co/me/model:v1");
  EXPECT_EQ(error("/load", R"({"model_path":")" + path + "x\"}", 404),
            "there is no model package in " + path + "x");
}

TEST_F(SidecarApiTest, LoadsFromAWatchedFolder) {
  const model::testing::PackageFolder dropped;
  std::filesystem::rename(folder("thinker"), dropped.path() / "thinker");
  const store::Library library(store::LibraryOptions{.watched = {dropped.path()}});
  testing::ApiServer server(
      [&](http::Router& router) { add_sidecar_routes(router, {service_, library, {}}); });
  const std::string body = R"({"model_path":")" + (dropped.path() / "thinker").string() + "\"}";
  RawResponse loaded;
  EXPECT_TRUE(testing::eventually([&] {  // once nothing in it has changed for a while
    loaded = server.post("/load", body);
    return loaded.status == 200;
  }));
  EXPECT_EQ(loaded.body, R"({"status":"loaded","model":"thinker:latest","type":"qwen3","layers":3})");
  server.server().stop(std::chrono::milliseconds(0));
}

TEST_F(SidecarApiTest, AFailedLoadLeavesTheModelThatRan) {
  reply("/load", R"({"model_path":"thinker"})");
  service_.on_load = [](FakeRequest& request) {
    request.push(base::Error(base::ErrorCode::kResourceExhausted, "no memory"));
  };
  EXPECT_EQ(error("/load", R"({"model_path":"unknown-context"})", 503), "no memory");
  EXPECT_THAT(error("/load", R"({"model_path":"broken"})", 400), HasSubstr("LFS"));
  reply("/generate", R"({"prompt":"x"})");
  EXPECT_EQ(service_.last_request()->submitted->model.name, "thinker:latest");
}

TEST_F(SidecarApiTest, RefusesModelsThatDoNotGenerate) {
  models_.add("embedder", testing::kPlainTemplate, R"({"is_embedding":true})");
  EXPECT_EQ(error("/load", R"({"model_path":"embedder"})", 400),
            "\"embedder:latest\" does not support generate: it is an embedding model, and these routes only "
            "generate text");
  EXPECT_THAT(error("/load", R"({"model_path":")" + folder("embedder") + "\"}", 400),
              HasSubstr("it is an embedding model"));
  EXPECT_EQ(service_.request_count(), 0U) << "nothing was loaded";
  EXPECT_EQ(reply("/generate", R"({"prompt":"x"})")["text"], "Hello");  // the model that was there
}

TEST_F(SidecarApiTest, WithoutAChoiceTheFirstModelThatGeneratesIsTaken) {
  testing::ModelFolder models;
  for (const char* name : {"broken", "thinker", "unknown-context"}) {
    std::filesystem::remove_all(models.path() / name);
  }
  models.add("an-embedder", testing::kPlainTemplate, R"({"is_embedding":true})");  // the newest
  store::Library library({models.path()});
  testing::ApiServer server(
      [&](http::Router& router) { add_sidecar_routes(router, {service_, library, {}}); });
  EXPECT_EQ(server.post("/generate", R"({"prompt":"x"})").status, 200);
  EXPECT_EQ(service_.last_request()->submitted->model.name, "plain:latest");
  std::filesystem::remove_all(models.path() / "plain");
  EXPECT_THAT(server.post("/generate", R"({"prompt":"x"})").body,
              HasSubstr("no model that generates text is installed"));
  server.server().stop(std::chrono::milliseconds(0));
}

TEST_F(SidecarApiTest, RefusesFoldersOutsideTheRoots) {
  for (const std::string& path :
       {std::string("/etc"), folder("../../etc"), folder("plain/../../.."), models_.path().string()}) {
    EXPECT_THAT(error("/load", R"({"model_path":")" + path + "\"}", 400), HasSubstr("outside the allowed"))
        << path;
  }
  std::filesystem::create_symlink("/etc", models_.path() / "link");
  EXPECT_THAT(error("/load", R"({"model_path":")" + folder("link") + "\"}", 400),
              HasSubstr("outside the allowed"));
  EXPECT_THAT(error("/load", R"({"model_path":")" + folder("missing") + "\"}", 404),
              HasSubstr("no model package"));
  EXPECT_THAT(error("/load", R"({"model_path":"missing"})", 404), HasSubstr("not found"));
  EXPECT_THAT(error("/load", "{}", 400), HasSubstr("model_path"));
}

TEST_F(SidecarApiTest, HealthTellsCardAndModel) {
  service_.status.problem = "no card";
  Json health = Json::parse(server_.call("GET", "/health").body);
  EXPECT_EQ(health["status"], "error");
  EXPECT_EQ(health["backend_type"], "axcl");
  EXPECT_EQ(health["model_loaded"], false);
  EXPECT_TRUE(health["model_path"].is_null());
  EXPECT_TRUE(health["device"]["temperature_c"].is_null());

  service_.status = {};
  service_.status.available = true;
  service_.status.software_card = true;
  service_.status.temperature_celsius = 41.5;
  service_.status.cmm_total_bytes = 7'000;
  serving::LoadedModel model;
  model.model = {"plain:latest", "d", library_.open(library_.find("plain"))};
  service_.models.push_back(model);
  health = Json::parse(server_.call("GET", "/health").body);
  EXPECT_EQ(health["status"], "ok");
  EXPECT_EQ(health["backend_type"], "softcard");
  EXPECT_EQ(health["model_loaded"], true);
  EXPECT_EQ(health["model_path"], folder("plain"));
  EXPECT_EQ(health["device"]["temperature_c"], 41.5);
  EXPECT_EQ(health["device"]["cmm_total_bytes"], 7'000);
  EXPECT_TRUE(health["device"]["npu_percent"].is_null());
  EXPECT_FALSE(health.contains("problem"));

  service_.status.problem = "1 of 2 cards is offline";
  health = Json::parse(server_.call("GET", "/health").body);
  EXPECT_EQ(health["status"], "degraded");
  EXPECT_EQ(health["problem"], "1 of 2 cards is offline");
  EXPECT_EQ(health["model_loaded"], true);
}

TEST_F(SidecarApiTest, ResetForgetsTheConversation) {
  EXPECT_EQ(server_.post("/reset", "").body, R"({"status":"ok"})");
  EXPECT_EQ(service_.resets(), 1);
}

TEST_F(SidecarApiTest, ALeavingClientCancels) {
  service_.on_submit = nullptr;
  RawClient client(server_.port());
  const std::string body = R"({"prompt":"x"})";
  client.send("POST /generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n\r\n" + body);
  const auto request = service_.last_request();
  ASSERT_NE(request, nullptr);
  client.close();
  EXPECT_TRUE(testing::eventually([&] { return request->dropped(); }));
}

}  // namespace
}  // namespace axllama::api::sidecar
