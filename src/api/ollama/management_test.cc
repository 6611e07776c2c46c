#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/json_body.h"
#include "api/ollama/ollama_api.h"
#include "api/openai/openai_api.h"
#include "api/testing/api_server.h"
#include "api/testing/fake_service.h"
#include "base/error.h"
#include "store/durable_file.h"
#include "store/library.h"
#include "store/modelfile.h"
#include "store/testing/fake_hub.h"

namespace axllama::api::ollama {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;

using http::testing::RawResponse;
using ::testing::HasSubstr;
using testing::records_of;

/// A server with a store, over folders of packages and a compiler that copies a package.
class ManagementTest : public ::testing::Test {
 protected:
  ManagementTest()
      : library_(store::LibraryOptions{.roots = {models_.path()}, .store = home_.path() / "store"}),
        server_([this](http::Router& router) {
          const auto core = std::make_shared<chat::Core>(service_, library_);
          add_ollama_routes(
              router, {core, [this](const CompileJob& job, const auto& progress) { compile(job, progress); },
                       transfer_options()});
          openai::add_openai_routes(router, core);
        }) {}
  ~ManagementTest() override { server_.server().stop(std::chrono::milliseconds(0)); }

  store::TransferOptions transfer_options() const {
    store::TransferOptions options;
    options.hub = hub_.url();
    return options;
  }
  void compile(const CompileJob& job, const std::function<void(std::size_t, std::size_t)>& progress) {
    compiled_ = job;
    std::string magic(4, '\0');
    std::ifstream(job.source, std::ios::binary).read(magic.data(), 4);
    if (magic != "GGUF") throw base::Error(base::ErrorCode::kInvalidArgument, "no GGUF");
    fs::copy(models_.path() / "plain", job.output);
    progress(1, 2);
    progress(2, 2);
  }

  RawResponse post(const std::string& path, const Json& body) { return server_.post(path, to_json(body)); }
  std::vector<std::string> statuses(const RawResponse& response) {
    std::vector<std::string> found;
    for (const Json& record : records_of(response.body)) {
      found.push_back(record.contains("error") ? "error: " + record["error"].get<std::string>()
                                               : record["status"].get<std::string>());
    }
    return found;
  }
  RawResponse remove(const std::string& name) {
    return server_.call("DELETE", "/api/delete", to_json(Json{{"name", name}}));
  }
  /// The files of a package become those of the repository owner/repo.
  void add_to_hub(const std::string& package) {
    for (const auto& entry : fs::directory_iterator(models_.path() / package)) {
      hub_.add_file(entry.path().filename().string(), store::read_file(entry.path(), 1 << 24));
    }
  }
  void create(const Json& body) {
    const std::vector<std::string> records = statuses(post("/api/create", body));
    ASSERT_EQ(records.back(), "success");
  }
  std::string refusal(const std::string& path, const Json& body, int status) {
    const RawResponse response = post(path, body);
    EXPECT_EQ(response.status, status) << response.body;
    return Json::parse(response.body).value("error", "");
  }
  std::string upload(const std::string& content) {
    const std::string digest = store::Digest::of(content).text();
    EXPECT_THAT((std::vector<int>{200, 201}),
                Contains(server_.call("POST", "/api/blobs/" + digest, content).status));
    return digest;
  }
  std::vector<std::string> tags() {
    std::vector<std::string> names;
    const Json reply = Json::parse(server_.call("GET", "/api/tags").body);
    for (const Json& model : reply["models"]) names.push_back(model["name"]);
    std::sort(names.begin(), names.end());
    return names;
  }

  testing::ModelFolder models_;
  model::testing::PackageFolder home_;
  store::Library library_;
  testing::FakeService service_;
  store::testing::FakeHub hub_;
  CompileJob compiled_;
  testing::ApiServer server_;
};

TEST_F(ManagementTest, BlobsAreUploadedOnceAndChecked) {
  const std::string digest = store::Digest::of("content").text();
  EXPECT_EQ(server_.call("HEAD", "/api/blobs/" + digest).status, 404);
  EXPECT_EQ(server_.call("POST", "/api/blobs/" + digest, "content").status, 201);
  EXPECT_EQ(server_.call("POST", "/api/blobs/" + digest, "content").status, 200);
  EXPECT_EQ(server_.call("HEAD", "/api/blobs/" + digest).status, 200);
  const RawResponse wrong =
      server_.call("POST", "/api/blobs/" + store::Digest::of("other").text(), "content");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_THAT(wrong.body, HasSubstr("digest mismatch, expected"));
  const RawResponse malformed = server_.call("POST", "/api/blobs/sha256:12", "content");
  EXPECT_EQ(malformed.status, 400);
  EXPECT_THAT(malformed.body, HasSubstr("invalid digest format"));
  EXPECT_EQ(server_.call("HEAD", "/api/blobs/sha256:12").status, 400);
}

TEST_F(ManagementTest, AModelIsMadeOfAnotherWithSettings) {
  const RawResponse made = post("/api/create", {{"model", "Brief"},
                                                {"from", "plain"},
                                                {"system", "Be brief."},
                                                {"parameters", {{"temperature", 0.25}, {"stop", {"END"}}}},
                                                {"license", {"L1", "L2"}},
                                                {"messages", {{{"role", "user"}, {"content", "hi"}}}}});
  EXPECT_EQ(made.status, 200);
  EXPECT_EQ(*made.headers.find("Content-Type"), "application/x-ndjson");
  const std::vector<std::string> records = statuses(made);
  EXPECT_THAT(records, Contains(HasSubstr("creating new layer sha256:")));
  EXPECT_EQ(records[records.size() - 2], "writing manifest");
  EXPECT_EQ(records.back(), "success");

  create({{"model", "brief2"}, {"from", "brief"}, {"parameters", {{"top_k", 3}}}});
  const store::ModelRecord record = library_.find("brief2");
  const store::ModelSettings settings = library_.settings(record);
  EXPECT_EQ(settings.system, "Be brief.");
  EXPECT_EQ(settings.parameters.dump(), R"({"temperature":0.25,"stop":["END"],"top_k":3})");
  EXPECT_EQ(settings.licenses, (std::vector<std::string>{"L1", "L2"}));
  EXPECT_EQ(settings.messages, (std::vector<store::PresetMessage>{{"user", "hi"}}));
  EXPECT_EQ(record.package_digest, library_.find("brief").package_digest);
  EXPECT_EQ(library_.open(record)->vocabulary_size(), 320U);
  EXPECT_EQ(tags(), (std::vector<std::string>{"Brief:latest", "brief2:latest", "broken:latest",
                                              "plain:latest", "thinker:latest", "unknown-context:latest"}));
}

TEST_F(ManagementTest, AModelCanHaveADraft) {
  create({{"model", "quick"}, {"from", "plain"}, {"draft", "thinker"}});
  EXPECT_EQ(library_.settings(library_.find("quick")).draft, "thinker");
  const Json shown = Json::parse(post("/api/show", {{"model", "quick"}}).body);
  EXPECT_EQ(shown["draft"], "thinker");
  const store::Modelfile file = store::parse_modelfile(shown["modelfile"].get<std::string>());
  EXPECT_EQ(file.settings.draft, "thinker");
  create({{"model", "quick2"}, {"from", "quick"}, {"system", "Be quick."}});
  EXPECT_EQ(library_.settings(library_.find("quick2")).draft, "thinker");

  post("/api/generate", {{"model", "quick"}, {"prompt", "x"}, {"stream", false}});
  const auto draft = service_.last_request()->submitted->model.draft;
  ASSERT_NE(draft, nullptr);
  EXPECT_EQ(draft->name, "thinker:latest");
  EXPECT_EQ(draft->digest, library_.find("thinker").package_digest);
  EXPECT_NE(draft->package, nullptr);
  EXPECT_EQ(draft->problem, "");

  fs::remove_all(models_.path() / "thinker");  // the model goes on without
  post("/api/generate", {{"model", "quick"}, {"prompt", "x"}, {"stream", false}});
  const auto gone = service_.last_request()->submitted->model.draft;
  ASSERT_NE(gone, nullptr);
  EXPECT_EQ(gone->package, nullptr);
  EXPECT_EQ(gone->problem, "model 'thinker' not found");
  EXPECT_NE(gone->digest, draft->digest);
}

TEST_F(ManagementTest, ADraftThatCannotGuessForTheModelIsRefused) {
  const auto error = [this](const Json& body) {
    const std::string last = statuses(post("/api/create", body)).back();
    EXPECT_FALSE(library_.store()->manifests().find(store::ModelName::require("x")));
    return last;
  };
  EXPECT_EQ(error({{"model", "x"}, {"from", "plain"}, {"draft", "nobody"}}),
            "error: model 'nobody' not found");
  const model::testing::PackageFolder other;
  other.write_package();
  other.write_tokenizer(3);
  fs::copy(other.path(), models_.path() / "other");
  EXPECT_THAT(error({{"model", "x"}, {"from", "plain"}, {"draft", "other"}}),
              HasSubstr("other cannot guess tokens for x: their vocabularies differ. other has 259 tokens, "
                        "x has 258."));
  EXPECT_THAT(refusal("/api/create", {{"model", "x"}, {"from", "plain"}, {"draft_files", {{"a", "b"}}}}, 400),
              HasSubstr("a draft model is not made of files"));
}

TEST_F(ManagementTest, AModelIsMadeOfUploadedPackageFiles) {
  Json files;
  for (const auto& entry : fs::directory_iterator(models_.path() / "plain")) {
    std::ifstream stream(entry.path(), std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    files[entry.path().filename().string()] = upload(content);
  }
  const RawResponse whole =
      post("/api/create", {{"model", "mine/up:1"}, {"files", files}, {"stream", false}});
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, R"({"status":"success"})");
  EXPECT_EQ(library_.open(library_.find("mine/up:1"))->layer_count(), 3U);

  files.erase("qwen3_post.axmodel");
  EXPECT_THAT(statuses(post("/api/create", {{"model", "half"}, {"files", files}})).back(),
              HasSubstr("output head"));
  EXPECT_EQ(refusal("/api/show", {{"model", "half"}}, 404), "model 'half' not found");
}

TEST_F(ManagementTest, GgufWeightsAreCompiled) {
  const std::string digest = upload("GGUF weights");
  const std::vector<std::string> records =
      statuses(post("/api/create", {{"model", "made"},
                                    {"files", {{"m.gguf", digest}}},
                                    {"quantize", "Q8_0"},
                                    {"parameters", {{"num_ctx", 512}}}}));
  EXPECT_THAT(records, Contains("parsing GGUF"));
  EXPECT_THAT(records, Contains("converting model"));
  EXPECT_EQ(records.back(), "success");
  EXPECT_EQ(compiled_.weight_type, "s8");
  EXPECT_EQ(compiled_.max_context, 512U);
  EXPECT_EQ(library_.open(library_.find("made"))->layer_count(), 3U);
  EXPECT_TRUE(fs::is_empty(library_.store()->blobs().unfinished()));
  EXPECT_EQ(refusal("/api/create",
                    {{"model", "x"}, {"stream", false}, {"files", {{"m.gguf", upload("not it")}}}}, 400),
            "supplied file was not in GGUF format");
}

TEST_F(ManagementTest, ACompiledPackageIsNotQuantized) {
  create({{"model", "stored"}, {"from", "plain"}});
  const auto error = [this](Json body) {
    body["model"] = "x";
    body["quantize"] = "Q4_0";
    return refusal("/api/create", body, 400);
  };
  const std::string only = "quantization is only supported for F16, BF16 and F32 models: ";
  const std::string end =
      ". Its weights stay as they are; create the model from the checkpoint that was compiled";
  EXPECT_EQ(error({{"from", "plain"}}),
            only + "model 'plain:latest' is a compiled package with weights of type s8" + end);
  EXPECT_EQ(error({{"from", "stored"}}),
            only + "model 'stored:latest' is a compiled package with weights of type s8" + end);
  EXPECT_EQ(
      error({{"from", "unknown-context"}}),
      only + "model 'unknown-context:latest' is a compiled package with weights of an unknown type" + end);
  EXPECT_EQ(error({{"files", {{"a_post.axmodel", upload("head")}}}}),
            only + "the files of model 'x:latest' are a compiled package" + end);
  EXPECT_EQ(refusal("/api/show", {{"model", "x"}}, 404), "model 'x' not found");
}

TEST_F(ManagementTest, ARealCardsModelsAreMadeByItsVendorsCompiler) {
  service_.status.available = true;  // and no software card
  const auto error = [this](const Json& files) {
    return refusal("/api/create", {{"model", "x"}, {"files", files}, {"stream", false}}, 400);
  };
  for (const Json& files : {Json{{"m.gguf", upload("GGUF weights")}},
                            Json{{"model.safetensors", upload("tensors")}, {"config.json", upload("{}")}}}) {
    EXPECT_THAT(error(files),
                HasSubstr("Compile the original checkpoint with: pulsar2 llm_build2 --input_path "
                          "CHECKPOINT --output_path PACKAGE --chip AX650"));
  }
  EXPECT_TRUE(compiled_.source.empty()) << "nothing was compiled";
  create({{"model", "x"}, {"from", "plain"}});  // a package needs no compiler
}

TEST_F(ManagementTest, WhatCannotBeCreatedIsRefusedWithTheReason) {
  const auto error = [this](const Json& body) { return refusal("/api/create", body, 400); };
  EXPECT_EQ(error({{"model", "a b"}, {"from", "plain"}}), "invalid model name");
  EXPECT_EQ(
      error({{"model", "x"}, {"from", "/tmp/missing.gguf"}}),
      "invalid model name \"/tmp/missing.gguf\": FROM is neither a model nor a file or folder there is");
  EXPECT_EQ(error({{"model", "x"}}), "neither 'from' or 'files' was specified");
  EXPECT_EQ(error({{"model", "x"}, {"files", Json::object()}}), "no files provided to convert");
  EXPECT_EQ(error({{"model", "x"}, {"files", {{"../a", "sha256:" + std::string(64, '0')}}}}),
            "file path must be relative");
  EXPECT_EQ(error({{"model", "x"}, {"files", {{"a", "12"}}}}), "invalid digest format");
  EXPECT_THAT(
      error({{"model", "x"}, {"stream", false}, {"files", {{"a", "sha256:" + std::string(64, '0')}}}}),
      HasSubstr("was not uploaded"));
  EXPECT_THAT(error({{"model", "x"}, {"stream", false}, {"files", {{"notes.txt", upload("text")}}}}),
              HasSubstr("unknown type"));
  EXPECT_THAT(error({{"model", "x"}, {"from", "plain"}, {"adapters", {{"a", "b"}}}}), HasSubstr("adapters"));
  EXPECT_EQ(error({{"model", "x"}, {"from", "plain"}, {"parameters", {{"nonsense", 1}}}}),
            "unknown parameter 'nonsense'");
  EXPECT_THAT(error({{"model", "x"}, {"from", "plain"}, {"stream", false}, {"template", "{{ if }}"}}),
              HasSubstr("template, line 1"));
  EXPECT_EQ(error({{"model", "x"}, {"from", "plain"}, {"messages", {{{"role", "robot"}, {"content", ""}}}}}),
            "message role must be one of \"system\", \"user\", or \"assistant\"");
}

TEST_F(ManagementTest, ModelsAreCopiedAndDeleted) {
  const auto copy = [this](const char* from, const char* to) {
    return post("/api/copy", {{"source", from}, {"destination", to}});
  };
  EXPECT_EQ(copy("plain", "team/copy:1").status, 200);
  EXPECT_EQ(copy("team/copy:1", "again").status, 200);
  EXPECT_EQ(copy("plain", "team/copy:1").body, "");
  EXPECT_EQ(library_.find("again").digest, library_.find("team/copy:1").digest);
  EXPECT_EQ(refusal("/api/copy", {{"source", "none"}, {"destination", "x"}}, 404),
            "model \"none\" not found");
  EXPECT_EQ(refusal("/api/copy", {{"source", "a b"}, {"destination", "x"}}, 400),
            "source \"a b\" is invalid");
  EXPECT_EQ(refusal("/api/copy", {{"source", "plain"}, {"destination", ""}}, 400),
            "destination \"\" is invalid");

  EXPECT_EQ(remove("team/copy:1").status, 200);
  EXPECT_EQ(remove("again").status, 200);
  EXPECT_TRUE(library_.store()->blobs().list().empty());
  EXPECT_EQ(remove("again").status, 404);
  EXPECT_THAT(remove("again").body, HasSubstr("model 'again' not found"));
  EXPECT_EQ(remove("a b").status, 400);
  const RawResponse folder = remove("plain");
  EXPECT_EQ(folder.status, 400);
  EXPECT_THAT(folder.body, HasSubstr("is the package folder"));
}

TEST_F(ManagementTest, ADeletedModelIsUnloadedWhenNoOtherRunsOnItsPackage) {
  create({{"model", "one"}, {"from", "plain"}, {"system", "s"}});
  create({{"model", "two"}, {"from", "one"}, {"system", "t"}});
  fs::remove_all(models_.path() / "plain");
  const std::string package = library_.find("one").package_digest;
  EXPECT_EQ(remove("one").status, 200);
  EXPECT_TRUE(service_.unloads().empty()) << "two runs on the same package";
  EXPECT_EQ(remove("two").status, 200);
  EXPECT_EQ(service_.unloads(), std::vector<std::string>{package});
  EXPECT_EQ(remove("two").status, 404);
  EXPECT_EQ(service_.unloads().size(), 1U) << "nothing was deleted";
}

TEST_F(ManagementTest, TheSourceLocalIsNoPartOfAModelsName) {
  create({{"model", "made:local"}, {"from", "plain:local"}});
  EXPECT_EQ(post("/api/copy", {{"source", "made:local"}, {"destination", "twin:v1:local"}}).status, 200);
  EXPECT_THAT(tags(), Contains("made:latest"));
  EXPECT_THAT(tags(), Contains("twin:v1"));
  EXPECT_EQ(remove("made:local").status, 200);
  EXPECT_EQ(remove("twin:v1:local").status, 200);
  EXPECT_TRUE(library_.store()->manifests().list().empty());
  EXPECT_EQ(service_.unloads().size(), 1U);
  EXPECT_EQ(remove("made:local").status, 404);

  add_to_hub("plain");
  EXPECT_EQ(statuses(post("/api/pull", {{"model", "hf.co/owner/repo:local"}})).back(), "success");
  EXPECT_THAT(tags(), Contains("hf.co/owner/repo:latest"));
  EXPECT_EQ(statuses(post("/api/push", {{"model", "nobody:local"}})).back(),
            "error: model 'nobody:latest' not found");
  EXPECT_EQ(remove("hf.co/owner/repo:local").status, 200);
  create({{"model", "derived"}, {"from", "hf.co/owner/repo:local"}});  // a missing base is pulled
  EXPECT_THAT(tags(), Contains("hf.co/owner/repo:latest"));

  const std::string both = "use either :local or :cloud, not both: \"x:cloud:local\"";
  for (const char* route : {"/api/pull", "/api/push"}) {
    EXPECT_EQ(refusal(route, {{"model", "x:cloud:local"}}, 400), both);
  }
  EXPECT_EQ(refusal("/api/create", {{"model", "x:cloud:local"}, {"from", "plain"}}, 400), both);
  EXPECT_EQ(refusal("/api/copy", {{"source", "x:cloud:local"}, {"destination", "y"}}, 400), both);
  EXPECT_EQ(remove("x:cloud:local").status, 400);
}

TEST_F(ManagementTest, WhatAModelfileSaysTakesEffect) {
  create(
      {{"model", "pirate"},
       {"from", "plain"},
       {"system", "Talk like a pirate."},
       {"parameters", {{"temperature", 0.25}, {"top_k", 7}, {"stop", {"END"}}, {"num_predict", 9}}},
       {"messages", {{{"role", "user"}, {"content", "Hi"}}, {{"role", "assistant"}, {"content", "Ahoy"}}}}});
  const auto ask = [this](const std::string& path, Json body) {
    body["model"] = "pirate";
    EXPECT_EQ(post(path, body).status, 200);
    std::string prompt;
    for (const text::TokenId token : service_.last_request()->submitted->generation.prompt) {
      prompt += token < 256 ? std::string(1, static_cast<char>(token)) : "";
    }
    return prompt;
  };
  const std::string beginning = "[system]Talk like a pirate.\n[user]Hi\n[assistant]Ahoy\n";
  EXPECT_EQ(ask("/api/generate", {{"prompt", "Who?"}}), beginning + "[user]Who?\n[assistant]");
  EXPECT_EQ(ask("/api/chat",
                {{"messages", {{{"role", "user"}, {"content", "Who?"}}}}, {"options", {{"top_k", 8}}}}),
            beginning + "[user]Who?\n[assistant]");
  const inference::GenerationRequest generation = service_.last_request()->submitted->generation;
  EXPECT_EQ(generation.sampling.temperature, 0.25);
  EXPECT_EQ(generation.sampling.top_k, 8);
  EXPECT_EQ(generation.stop, (std::vector<std::string>{"END"}));
  EXPECT_EQ(generation.max_tokens, 9);
  EXPECT_EQ(ask("/api/generate", {{"prompt", "Who?"}, {"system", "Be brief."}}),
            "[system]Be brief.\n[user]Hi\n[assistant]Ahoy\n[user]Who?\n[assistant]");
  // One package is loaded once, whatever model it is asked for by.
  EXPECT_EQ(service_.last_request()->submitted->model.digest, library_.find("pirate").package_digest);

  create({{"model", "pirate"},
          {"from", "pirate"},
          {"template",
           "{{ if .Suffix }}<{{ .Prompt }}|{{ .Suffix }}>{{ else }}{{ range .Messages }}({{ .Role }} {{ "
           ".Content }}){{ end }}{{ end }}"}});
  EXPECT_EQ(ask("/api/generate", {{"prompt", "Who?"}}),
            "(system Talk like a pirate.)(user Hi)(assistant Ahoy)(user Who?)");
  EXPECT_EQ(ask("/api/generate", {{"prompt", "begin"}, {"suffix", "end"}}), "<begin|end>");
  EXPECT_EQ(ask("/api/generate", {{"prompt", "x"}, {"template", "{{ .System }}: {{ .Prompt }}!"}}),
            "Talk like a pirate.: x!");
  EXPECT_EQ(ask("/v1/completions", {{"prompt", "begin"}, {"suffix", "end"}}), "<begin|end>");
  EXPECT_EQ(service_.last_request()->submitted->generation.stop, (std::vector<std::string>{"END"}));
  ask("/v1/completions", {{"prompt", "begin"}, {"stop", "STOP"}});
  EXPECT_EQ(service_.last_request()->submitted->generation.stop, (std::vector<std::string>{"STOP"}));
  const Json shown = Json::parse(post("/api/show", {{"model", "pirate"}}).body);
  EXPECT_THAT(shown["capabilities"].dump(), HasSubstr("insert"));
}

TEST_F(ManagementTest, AModelfilesTemplateLearnsHowMuchToThink) {
  create({{"model", "deep"},
          {"from", "thinker"},
          {"template",
           "{{ range .Messages }}{{ .Content }}{{ .Thinking }}{{ end }} {{ .Think }} {{ .ThinkLevel }}"}});
  const auto prompt = [this](const Json& think) {
    EXPECT_EQ(post("/api/generate", {{"model", "deep"}, {"prompt", "Hi"}, {"think", think}}).status, 200);
    std::string text;
    for (const text::TokenId token : service_.last_request()->submitted->generation.prompt) {
      text += static_cast<char>(token);
    }
    return text;
  };
  EXPECT_EQ(prompt("low"), "Hi true low");
  EXPECT_EQ(prompt("max"), "Hi true max");
  EXPECT_EQ(prompt(true), "Hi true ");
  EXPECT_EQ(prompt(false), "Hi false ");
}

TEST_F(ManagementTest, TheShownModelfileMakesTheModelAgain) {
  create({{"model", "a"},
          {"from", "plain"},
          {"system", "Two\nlines with \"quotes\""},
          {"template", "{{ .Prompt }} "},
          {"license", "Free.\n"},
          {"parameters", {{"temperature", 0.1}, {"stop", {"\"", "a b", " "}}}},
          {"messages", {{{"role", "user"}, {"content", "#1"}}}}});
  const Json shown = Json::parse(post("/api/show", {{"model", "a"}}).body);
  EXPECT_EQ(shown["system"], "Two\nlines with \"quotes\"");
  EXPECT_EQ(shown["template"], "{{ .Prompt }} ");
  EXPECT_EQ(shown["license"], "Free.\n");
  EXPECT_EQ(shown["messages"].dump(), R"([{"role":"user","content":"#1"}])");
  EXPECT_THAT(shown["parameters"].get<std::string>(), HasSubstr("temperature                    0.1"));
  const store::Modelfile file = store::parse_modelfile(shown["modelfile"].get<std::string>());
  const store::ModelSettings settings = library_.settings(library_.find("a"));
  EXPECT_EQ(file.settings.system, settings.system);
  EXPECT_EQ(file.settings.chat_template, settings.chat_template);
  EXPECT_EQ(file.settings.messages, settings.messages);
  EXPECT_EQ(file.settings.licenses, settings.licenses);
  EXPECT_EQ(file.settings.parameters["stop"], settings.parameters["stop"]);
  EXPECT_EQ(file.settings.parameters["temperature"], 0.1);
  EXPECT_TRUE(fs::exists(fs::path(file.from.at(0)) / "qwen3_post.axmodel"));
}

TEST_F(ManagementTest, ModelsArePulled) {
  add_to_hub("plain");
  const RawResponse response = post("/api/pull", {{"name", "hf.co/owner/repo"}});
  EXPECT_EQ(response.status, 200);
  const std::vector<std::string> records = statuses(response);
  EXPECT_EQ(records.front(), "pulling manifest");
  EXPECT_EQ(records.back(), "success");
  EXPECT_EQ(library_.open(library_.find("hf.co/owner/repo"))->layer_count(), 3U);
  EXPECT_EQ(post("/api/pull", {{"model", "hf.co/owner/repo"}, {"stream", false}}).body,
            R"({"status":"success"})");

  EXPECT_EQ(statuses(post("/api/pull", {{"model", "hf.co/owner/none"}})).back(),
            "error: pull model manifest: file does not exist");
  EXPECT_EQ(refusal("/api/pull", {{"model", "a b"}}, 400), "invalid model name");
  EXPECT_EQ(statuses(post("/api/push", {{"model", "hf.co/owner/none"}})).back(),
            "error: model 'hf.co/owner/none:latest' not found");

  // A missing base is pulled.
  store::ModelStore& store = *library_.store();
  ASSERT_TRUE(store.remove(store::ModelName::require("hf.co/owner/repo")));
  create({{"model", "derived"}, {"from", "hf.co/owner/repo"}, {"system", "s"}});
}

}  // namespace
}  // namespace axllama::api::ollama
