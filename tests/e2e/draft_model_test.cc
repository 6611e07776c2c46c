// Draft models through the whole program. The software card takes 1 ms for each layer: the model has eight,
// its draft one. In most tests it plays a script by positions, so that both say the same.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/api.h"
#include "tests/support/process.h"
#include "tests/support/random_package.h"

namespace axllama {
namespace {

using nlohmann::json;
using testing::CommandResult;
using testing::get;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::post;

constexpr int kTokens = 110;

/// An answer repeats itself at first, which saves what a guess of the draft model may lose; then no two
/// tokens are alike, so that nothing can be guessed from the text.
int scripted(int position) {
  return position < 60 ? '!' + position % 8 : ')' + position % 80;
}

class DraftModel : public ::testing::Test {
 protected:
  DraftModel() {
    add_model("big", 8);
    add_model("small", 1);
  }

  void add_model(const std::string& name, std::size_t layers, std::uint64_t seed = 1) {
    testing::RandomModel model;
    model.name = name;
    model.seed = seed;
    model.layers = layers;
    testing::write_random_package(model, models() / name);
  }
  std::filesystem::path models() const { return folder_.path() / "models"; }

  static json script() {
    json script;
    for (int position = 0; position < 250; ++position) {
      script["positions"][std::to_string(position)] = scripted(position);
    }
    return script;
  }
  /// Starts the server with a script, or none, so that models compute.
  void serve(std::vector<std::string> options, const json& script = DraftModel::script()) {
    json settings = {{"properties_ms", 1},
                     {"timing", {{"profile", "pi5"}, {"execute_us", 1000}, {"load_mb_per_s", 4000}}}};
    if (!script.is_null()) settings["script"] = script;
    const std::filesystem::path file = folder_.path() / "card.json";
    std::ofstream(file) << settings;
    options.insert(options.end(), {"--model-root", models().string()});
    server_.emplace(options, testing::Environment{{"AXLLAMA_SOFTCARD_CONFIG", file.string()},
                                                  {"AXLLAMA_CARD_CHECKS", "off"},
                                                  {"AXLLAMA_SPECULATION", "on"}});
    // What a chunk costs is measured a few times, of which the least counts: this machine may be busy.
    for (char letter = 'a'; letter < 'g'; ++letter) {
      EXPECT_EQ(reply_to(std::string(40, letter), "big", {{"num_predict", 1}}).status, 200);
    }
  }

  testing::Reply reply_to(const std::string& prompt, const std::string& model, const json& options) {
    return post(
        server_->url(""), "/api/generate",
        {{"model", model}, {"prompt", prompt}, {"raw", true}, {"stream", false}, {"options", options}});
  }
  json answer(const std::string& model, json options = json::object()) {
    options["num_predict"] = kTokens;
    const auto reply = reply_to("Hello", model, options);
    EXPECT_EQ(reply.status, 200) << reply.body << server_->log();
    return reply.json;
  }
  json draft_on_the_card() {
    const json loaded = get(server_->url(""), "/api/ps").json;
    return loaded.at("models").empty() ? json() : loaded.at("models")[0].value("draft", json());
  }
  /// The first of a few answers in which the draft guessed: whether that pays is measured, and on a busy
  /// machine not every measurement is right.
  json guessed_answer(const std::string& model) {
    json result = answer(model);
    for (int i = 0; i < 5 && result.value("eval_draft_count", 0) == 0; ++i) result = answer(model);
    return result;
  }
  /// The server unloads when nothing else is to do.
  bool nothing_is_loaded() {
    for (int i = 0; i < 200; ++i) {
      if (get(server_->url(""), "/api/ps").json.at("models").empty()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }
  CommandResult axllama(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), testing::axllama_program());
    return testing::run_command(arguments, {{"OLLAMA_HOST", server_->host()}});
  }
  std::string write(const std::string& text) {
    const std::filesystem::path file = folder_.path() / "Modelfile";
    std::ofstream(file) << text;
    return file.string();
  }

  testing::TemporaryFolder folder_;
  std::optional<testing::ServerProcess> server_;
};

TEST_F(DraftModel, GuessesWhenTheServerIsToldSo) {
  serve({});
  const json plain = answer("big");
  EXPECT_EQ(plain.at("eval_count"), kTokens);
  EXPECT_FALSE(plain.contains("eval_draft_count"));
  EXPECT_EQ(draft_on_the_card(), json());

  serve({"--draft", "big=small"});
  const json guessed = guessed_answer("big");
  EXPECT_EQ(guessed.at("response"), plain.at("response"));
  EXPECT_EQ(guessed.at("eval_count"), kTokens);
  EXPECT_GT(guessed.value("eval_draft_count", 0), 0);
  EXPECT_EQ(guessed.at("eval_draft_accepted_count"), guessed.at("eval_draft_count"));
  EXPECT_EQ(draft_on_the_card(), (json{{"model", "small:latest"}}));

  const json off = answer("big", {{"draft_num_predict", 0}});
  EXPECT_EQ(off.at("response"), plain.at("response"));
  EXPECT_FALSE(off.contains("eval_draft_count"));
  EXPECT_EQ(axllama({"stop", "big"}).status, 0);
  EXPECT_TRUE(nothing_is_loaded());  // the draft neither
}

TEST_F(DraftModel, GuessesWhenItsModelfileSaysSo) {
  serve({});
  const json plain = answer("big");
  const CommandResult made = axllama({"create", "quick", "-f", write("FROM big\nDRAFT small\n")});
  ASSERT_EQ(made.status, 0) << made.err;
  const json guessed = guessed_answer("quick");
  EXPECT_EQ(guessed.at("response"), plain.at("response"));
  EXPECT_GT(guessed.value("eval_draft_count", 0), 0);

  const CommandResult shown = axllama({"show", "--modelfile", "quick"});
  EXPECT_THAT(shown.out, HasSubstr("\nDRAFT small\n"));
  ASSERT_EQ(axllama({"create", "again", "-f", write(shown.out)}).status, 0);
  EXPECT_THAT(axllama({"show", "--modelfile", "again"}).out, HasSubstr("\nDRAFT small\n"));
  ASSERT_EQ(axllama({"create", "slow", "-f", write("FROM quick\nPARAMETER draft_num_predict 0\n")}).status,
            0);
  EXPECT_FALSE(answer("slow").contains("eval_draft_count"));
}

TEST_F(DraftModel, OneThatIsOftenWrongChangesNoToken) {
  add_model("other", 1, 77);
  const json options{{"temperature", 1.1}, {"seed", 5}};
  serve({}, nullptr);
  const json plain = answer("big", options);
  serve({"--draft", "big=other"}, nullptr);
  const json guessed = answer("big", options);
  EXPECT_EQ(guessed.at("response"), plain.at("response"));
  EXPECT_EQ(guessed.at("eval_count"), plain.at("eval_count"));
  const int drafted = guessed.value("eval_draft_count", 0);  // none where the answer was never worth it
  EXPECT_GE(drafted, guessed.value("eval_draft_accepted_count", 0) + (drafted > 0 ? 1 : 0));
}

TEST_F(DraftModel, OneThatCannotGuessForTheModelIsRefusedOrLeftOut) {
  serve({"--draft", "big=axllama-tiny", "--draft", "small=nobody"});
  const CommandResult refused = axllama({"create", "x", "-f", write("FROM big\nDRAFT axllama-tiny\n")});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("axllama-tiny cannot guess tokens for x: their vocabularies differ."));
  EXPECT_EQ(axllama({"create", "x", "-f", write("FROM big\nDRAFT nobody\n")}).status, 1);
  EXPECT_THAT(axllama({"create", "x", "-f", write("FROM big\nDRAFT ./small\n")}).err,
              HasSubstr("DRAFT takes the name of an installed model"));

  EXPECT_EQ(answer("big").at("eval_count"), kTokens);
  EXPECT_THAT(draft_on_the_card().value("problem", ""),
              HasSubstr("axllama-tiny cannot guess tokens for big: their vocabularies differ."));
  EXPECT_THAT(server_->log(), HasSubstr("a model answers without its draft model"));
  EXPECT_EQ(axllama({"stop", "big"}).status, 0);
  EXPECT_TRUE(nothing_is_loaded());
  EXPECT_EQ(answer("small").at("eval_count"), kTokens);
  EXPECT_EQ(draft_on_the_card().value("problem", ""), "model 'nobody' not found");
}

TEST_F(DraftModel, AnOptionThatNamesNoDraftEndsTheServer) {
  const CommandResult result =
      testing::run_command({testing::axllama_program(), "serve", "--host", "127.0.0.1:0", "--draft", "big"},
                           {{"HOME", folder_.path()}, {"OLLAMA_MODELS", folder_.path() / "store"}});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("A draft is given as MODEL=DRAFT"));
}

}  // namespace
}  // namespace axllama
