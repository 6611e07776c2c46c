// Every fault of the software card through the real server: the answer comes out right all the same, or a
// sentence says what is wrong; and the server serves the next request.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/api.h"
#include "tests/support/process.h"

namespace axllama {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::Environment;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::post;
using testing::run_command;

constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::milliseconds kPause{20};
constexpr int kTinyKv = 4 * 32;  // key and value heads of the bundled model, and their width
constexpr int kTinyContext = 2048;
constexpr int kForeignTokens = 24;

const json kQuestion{{"model", "axllama-tiny"},
                     {"prompt", "Hello!"},
                     {"stream", false},
                     {"think", false},
                     {"options", {{"temperature", 0}, {"num_predict", 6}}}};

/// What the bundled model says on a card without faults.
const std::string& right_answer() {
  static const std::string answer = [] {
    const testing::ServerProcess server;
    return post(server.url(""), "/api/generate", kQuestion).json.at("response").get<std::string>();
  }();
  EXPECT_GT(answer.size(), 10U);
  return answer;
}

/// Asks again while the card is said to be unavailable.
testing::Reply ask_until_served(const testing::ServerProcess& server) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  testing::Reply reply;
  while ((reply = post(server.url(""), "/api/generate", kQuestion)).status == 503 &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kPause);
  }
  EXPECT_EQ(reply.status, 200) << reply.body;
  return reply;
}

struct Fault {
  const char* name;
  const char* setting;     // AXLLAMA_SOFTCARD_FAULTS
  const char* words = "";  // of the sentence that the first request gets; empty: it is answered
};

void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.setting;
}

class CardFault : public ::testing::TestWithParam<Fault> {};

TEST_P(CardFault, IsSurvivedOrNamed) {
  // Without the checks before serving, so that counts start with the request's own calls.
  testing::ServerProcess server(
      {}, {{"AXLLAMA_SOFTCARD_FAULTS", GetParam().setting}, {"AXLLAMA_CARD_CHECKS", "off"}});
  const auto first = post(server.url(""), "/api/generate", kQuestion);
  const std::string words = GetParam().words;
  if (words.empty()) {
    EXPECT_EQ(first.status, 200) << first.body;
    EXPECT_EQ(first.json.value("response", ""), right_answer());
  } else {
    EXPECT_GE(first.status, 500) << first.body;
    EXPECT_THAT(first.json.value("error", ""), HasSubstr(words));
  }
  const auto second = post(server.url(""), "/api/generate", kQuestion);
  EXPECT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(second.json.value("response", ""), right_answer());
  EXPECT_EQ(server.stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Each, CardFault,
    ::testing::Values(Fault{"CardThatAppearsLate", "hidden_card:times=2"},
                      Fault{"OutOfMemoryAtTheSecondLayer", "out_of_memory:model=*_l1_*,at=1", "_l1_"},
                      Fault{"LoadError", "load_error:at=3", "_l2_"},
                      Fault{"AllocationError", "malloc_error:at=2", "memory"},
                      Fault{"CopyError", "copy_error:at=30"},
                      Fault{"ExecuteErrorInThePrompt", "execute_error:at=2"},
                      Fault{"ExecuteErrorInTheAnswer", "execute_error:at=17"},
                      Fault{"ExecuteErrorsOneAfterTheOther", "execute_error:at=17,times=3"},
                      Fault{"ExecuteErrorsUntilItGivesUp", "execute_error:model=*_l2_*,at=1,times=4", "_l2_"},
                      Fault{"LogitsThatAreNone", "corrupt:corruption=nan,model=*_post*,at=3"},
                      Fault{"AHangThatEnds", "hang:at=3,ms=300"},
                      Fault{"SlowExecutions", "slow_execute:at=5,times=3,ms=100"},
                      Fault{"OfflineUntilAReset", "offline:at=9"}, Fault{"NoProperties", "properties_error"}),
    [](const auto& instance) { return instance.param.name; });

/// Three questions at once, of which none is the first one's beginning.
std::vector<json> several_questions() {
  std::vector<json> questions;
  for (const char* prompt : {"Hello!", "What is the capital of France?", "Count to ten."}) {
    json question = kQuestion;
    question["prompt"] = prompt;
    question["options"]["num_predict"] = 16;
    questions.push_back(question);
  }
  return questions;
}

/// What they are answered at once.
std::vector<std::string> answers_at_once(const testing::ServerProcess& server) {
  std::vector<std::future<testing::Reply>> replies;
  for (const json& question : several_questions()) {
    replies.push_back(std::async(std::launch::async, [url = server.url(""), question] {
      return post(url, "/api/generate", question);
    }));
  }
  std::vector<std::string> answers;
  for (auto& future : replies) {
    const testing::Reply reply = future.get();
    EXPECT_EQ(reply.status, 200) << reply.body;
    answers.push_back(reply.json.value("response", ""));
  }
  return answers;
}

/// What each is answered when it is alone on a card without faults.
const std::vector<std::string>& right_answers() {
  static const std::vector<std::string> answers = [] {
    const testing::ServerProcess server;
    std::vector<std::string> all;
    for (const json& question : several_questions()) {
      all.push_back(post(server.url(""), "/api/generate", question).json.at("response"));
    }
    return all;
  }();
  for (const std::string& answer : answers) EXPECT_GT(answer.size(), 10U);
  return answers;
}

class CardFaultAmongOthers : public ::testing::TestWithParam<Fault> {};

TEST_P(CardFaultAmongOthers, EveryAnswerGoesOnWithTheSameTokens) {
  testing::ServerProcess server(
      {}, {{"AXLLAMA_SOFTCARD_FAULTS", GetParam().setting}, {"AXLLAMA_CARD_CHECKS", "off"}});
  EXPECT_EQ(answers_at_once(server), right_answers());
  EXPECT_THAT(server.log(), HasSubstr("recovery=")) << "nothing had to be mended";
}

INSTANTIATE_TEST_SUITE_P(Each, CardFaultAmongOthers,
                         ::testing::Values(Fault{"ExecuteError", "execute_error:at=60"},
                                           Fault{"ExecuteErrors", "execute_error:at=60,times=3"},
                                           Fault{"CopyError", "copy_error:at=150"},
                                           Fault{"Offline", "offline:at=80"},
                                           Fault{"NoLogits", "corrupt:corruption=nan,model=*_post*,at=8"}),
                         [](const auto& instance) { return instance.param.name; });

/// Why there is no card is told until there is one.
TEST(LateCard, ServesWhenItsDriverHasStarted) {
  const testing::ServerProcess server({}, {{"AXLLAMA_SOFTCARD_FAULTS", "no_card:times=1"}});
  const auto refused = post(server.url(""), "/api/generate", kQuestion);
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.json.value("error", ""), HasSubstr("finds no card"));
  EXPECT_THAT(refused.json.value("error", ""), HasSubstr("0x8030010B"));
  EXPECT_EQ(ask_until_served(server).json.value("response", ""), right_answer());
}

/// A call that does not return cannot be ended, but its clients need not wait for it.
TEST(HungCard, IsToldWithinTheLimitAndServesWhenItReturns) {
  testing::ServerProcess server({}, {{"AXLLAMA_SOFTCARD_FAULTS", "hang:at=30,ms=3000"},
                                     {"AXLLAMA_CARD_CHECKS", "off"},
                                     {"AXLLAMA_CALL_TIMEOUT", "200ms"}});
  const auto first = post(server.url(""), "/api/generate", kQuestion);
  EXPECT_EQ(first.status, 503) << first.body;
  EXPECT_THAT(first.json.value("error", ""), HasSubstr("has not answered for 200ms while answering for"));
  const auto status = testing::get(server.url(""), "/api/status");
  EXPECT_EQ(status.json.at("cards").at(0).at("available"), false) << status.body;
  EXPECT_EQ(ask_until_served(server).json.value("response", ""), right_answer());
  EXPECT_EQ(server.stop(), 0);
}

TEST(HungCard, DoesNotKeepTheServerFromEnding) {
  testing::ServerProcess server({}, {{"AXLLAMA_SOFTCARD_FAULTS", "hang:at=30"},
                                     {"AXLLAMA_CARD_CHECKS", "off"},
                                     {"AXLLAMA_CALL_TIMEOUT", "200ms"}});
  EXPECT_EQ(post(server.url(""), "/api/generate", kQuestion).status, 503);
  EXPECT_EQ(testing::get(server.url(""), "/api/tags").status, 200);
  EXPECT_EQ(post(server.url(""), "/api/generate", kQuestion).status, 503) << "refused, and does not wait";
  EXPECT_EQ(server.stop(), 0);
}

/// Calls that cost what they do over a bus, so that work would be given to the card in a stream.
struct Streams {
  const char* name;
  const char* fault;
  const char* calls;  // how work is given to the card then
};

void PrintTo(const Streams& streams, std::ostream* out) {
  *out << streams.fault;
}

class CardStreams : public ::testing::TestWithParam<Streams> {};

TEST_P(CardStreams, GiveTheSameTokensAndAreUsedWhereTheyCanBeTrusted) {
  const testing::TemporaryFolder folder;
  const fs::path card = folder.path() / "card.json";
  std::ofstream(card) << json{{"timing", {{"call_us", 40}}}, {"faults", GetParam().fault}};
  const testing::ServerProcess server({}, {{"AXLLAMA_SOFTCARD_CONFIG", card.string()}});
  const auto reply = post(server.url(""), "/api/generate", kQuestion);
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.json.value("response", ""), right_answer());
  EXPECT_THAT(server.log(), HasSubstr(std::string("calls=") + GetParam().calls));
}

INSTANTIATE_TEST_SUITE_P(Each, CardStreams,
                         ::testing::Values(Streams{"Good", "", "asynchronous"},
                                           Streams{"Lossy", "lost_work:at=9", "\"one by one\""},
                                           Streams{"OutOfOrder", "reordered_work", "\"one by one\""},
                                           Streams{"NotAwaited", "late_work", "\"one by one\""},
                                           Streams{"Unwilling", "submit_error", "\"one by one\""}),
                         [](const auto& instance) { return instance.param.name; });

TEST(LoadThatHangs, IsToldAndTheServerGoesOnWhenTheCardReturns) {
  testing::ServerProcess server({}, {{"AXLLAMA_SOFTCARD_FAULTS", "load_hang:at=2,ms=9000"},
                                     {"AXLLAMA_CARD_CHECKS", "off"},
                                     {"OLLAMA_LOAD_TIMEOUT", "3s"}});
  const auto first = post(server.url(""), "/api/generate", kQuestion);
  EXPECT_EQ(first.status, 503) << first.body;
  EXPECT_THAT(first.json.value("error", ""),
              HasSubstr("The card has not answered for 3s while loading axllama-tiny:latest"));
  EXPECT_EQ(testing::get(server.url(""), "/api/tags").status, 200);
  EXPECT_EQ(testing::get(server.url(""), "/api/ps").status, 200);
  const auto later = ask_until_served(server);
  EXPECT_EQ(later.json.value("response", ""), right_answer());
  EXPECT_EQ(server.stop(), 0);
}

TEST(LoadThatHangs, ForEverLeavesTheOtherCardToAnswer) {
  const testing::ServerProcess server({}, {{"AXLLAMA_SOFTCARD_FAULTS", "load_hang:at=2"},
                                           {"AXLLAMA_SOFTCARD_DEVICES", "1,129"},
                                           {"AXLLAMA_CARD_CHECKS", "off"},
                                           {"OLLAMA_LOAD_TIMEOUT", "3s"}});
  EXPECT_EQ(post(server.url(""), "/api/generate", kQuestion).status, 503);
  const auto second = post(server.url(""), "/api/generate", kQuestion);
  EXPECT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(second.json.value("response", ""), right_answer());
}

TEST(PinnedModel, ComesBackByItselfAfterTheCardFailed) {
  const testing::TemporaryFolder folder;
  fs::copy(testing::bundled_models() / "axllama-tiny", folder.path() / "other");
  std::ofstream(folder.path() / "other" / "NOTES") << "another package";
  const testing::ServerProcess server(
      {"--pin", "axllama-tiny", "--model-root", folder.path()},
      {{"AXLLAMA_SOFTCARD_FAULTS", "offline:at=9"}, {"AXLLAMA_CARD_CHECKS", "off"}});
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  const auto is_there = [&](const std::string& log_line) {
    while (server.log().find(log_line) == std::string::npos && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(kPause);
    }
    const json there = testing::get(server.url(""), "/api/ps").json.at("models");
    for (const json& model : there) {
      if (model.at("name") == "axllama-tiny:latest") return !model.contains("loading");
    }
    return false;
  };
  ASSERT_TRUE(is_there("pinned a model")) << server.log();
  json question = kQuestion;
  question["model"] = "other";
  const auto reply = post(server.url(""), "/api/generate", question);  // the card goes offline meanwhile
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.json.value("response", ""), right_answer());
  EXPECT_THAT(server.log(), HasSubstr("the card failed"));
  EXPECT_TRUE(is_there("a pinned model is back on the card")) << server.log();
}

TEST(CardVariant, ALibraryWithoutTheOptionalFunctionsServesTheSame) {
  const fs::path library =
      testing::axllama_program().parent_path().parent_path() / "lib/softcard-2x/libaxcl_rt.so";
  const testing::ServerProcess server({}, {{"AXLLAMA_SOFTCARD_LIBRARY", library.string()}});
  const auto reply = post(server.url(""), "/api/generate", kQuestion);
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.json.value("response", ""), right_answer());
}

TEST(CardVariant, TheSameTokensOnALenientCardOnTheBusNumberOfAPersonalComputer) {
  const testing::ServerProcess server(
      {}, {{"AXLLAMA_SOFTCARD_MODE", "lenient"}, {"AXLLAMA_SOFTCARD_DEVICES", "129"}});
  EXPECT_EQ(post(server.url(""), "/api/generate", kQuestion).json.value("response", ""), right_answer());
}

TEST(CardVariant, NeverBreaksABindingRule) {
  testing::ServerProcess server;
  ASSERT_EQ(post(server.url(""), "/api/generate", kQuestion).status, 200);
  EXPECT_EQ(server.stop(), 0);
  EXPECT_THAT(server.log(), Not(HasSubstr("[softcard]"))) << "a strict card has nothing to report";
}

TEST(CardVariant, ARuntimeThatChattersDoesNotSpoilStandardOutput) {
  const auto result =
      run_command({testing::axllama_program(), "doctor", "--json"}, {{"AXLLAMA_SOFTCARD_CHATTER", "1"}});
  EXPECT_TRUE(json::accept(result.out)) << result.out;
}

/// The vendor's own models cannot run without their card; who tries is told so.
TEST(VendorModel, IsRecognisedAndRefusedWithASentence) {
  const testing::TemporaryFolder folder;
  const fs::path package = folder.path() / "vendor";
  fs::copy(testing::bundled_models() / "axllama-tiny", package);
  for (const auto& entry : fs::directory_iterator(package)) {
    if (entry.path().extension() != ".axmodel") continue;
    // A FlatBuffers file, as the vendor's compiler writes it, as far as anybody can tell from outside.
    std::ofstream(entry.path(), std::ios::binary)
        << std::string("\x20\0\0\0AXMD", 8) + std::string(4096, '\7');
  }
  const testing::ServerProcess server({"--model-root", folder.path().string()});
  const auto reply =
      post(server.url(""), "/api/generate", {{"model", "vendor"}, {"prompt", "x"}, {"stream", false}});
  EXPECT_GE(reply.status, 400);
  EXPECT_THAT(reply.json.value("error", ""), HasSubstr(".axmodel"));
  EXPECT_THAT(reply.json.value("error", ""), HasSubstr("run only on the card itself"));
}

/// The text of token ids, one a line, in a vocabulary that writes blanks and line ends as byte-level BPE
/// does.
std::string text_of(const std::string& lines, const json& vocabulary) {
  std::map<int, std::string> words;
  for (auto entry = vocabulary.begin(); entry != vocabulary.end(); ++entry)
    words[entry.value()] = entry.key();
  std::string text;
  std::istringstream ids(lines);
  for (int id = 0; ids >> id;) text += words[id];
  for (const auto& [letter, byte] : {std::pair{"\u0120", " "}, std::pair{"\u010a", "\n"}}) {
    for (std::size_t at = 0; (at = text.find(letter, at)) != std::string::npos;) text.replace(at, 2, byte);
  }
  return text;
}

/// A program that knows nothing but the documented interface, and loads its models with LoadFromMem.
TEST(ForeignProgram, DecodesTheTokensThatTheServerDecodes) {
  const testing::ServerProcess server;
  json request = kQuestion;
  request["raw"] = true;
  request["prompt"] = " the";
  request["options"]["num_predict"] = kForeignTokens;
  const auto reply = post(server.url(""), "/api/generate", request);
  ASSERT_EQ(reply.status, 200) << reply.body;
  const std::string answer = reply.json.value("response", "");
  ASSERT_GE(answer.size(), 8U) << reply.body;
  ASSERT_EQ(reply.json.at("prompt_eval_count"), 1) << "the program begins with one token";

  const fs::path package = testing::bundled_models() / "axllama-tiny";
  std::vector<std::string> layers;
  std::string head;
  for (const auto& entry : fs::directory_iterator(package)) {
    const std::string file = entry.path().string();
    if (file.ends_with("_together.axmodel")) layers.push_back(file);
    if (file.ends_with("_post.axmodel")) head = file;
  }
  std::sort(layers.begin(), layers.end());
  ASSERT_LE(layers.size(), 10U) << "names with one digit sort in order";
  const json config = testing::read_json(package / "config.json");
  const auto number = [&config](const char* key) { return std::to_string(config.at(key).get<int>()); };
  const json vocabulary = testing::read_json(package / "tokenizer.json").at("model").at("vocab");
  const std::string first = std::to_string(vocabulary.at("\u0120the").get<int>());
  const fs::path build = testing::axllama_program().parent_path().parent_path();
  std::vector<std::string> command{build / "bin/softcard_foreign_runner",
                                   build / "lib/softcard/libaxcl_rt.so",
                                   package / "model.embed_tokens.weight.bfloat16.bin",
                                   number("tokens_embed_size"),
                                   std::to_string(kTinyKv),
                                   number("tokens_embed_num"),
                                   std::to_string(kTinyContext),
                                   std::to_string(kForeignTokens),
                                   first,
                                   head};
  command.insert(command.end(), layers.begin(), layers.end());
  const auto result =
      run_command(command, {{"AXLLAMA_SOFTCARD_MODE", "lenient"}, {"AXLLAMA_SOFTCARD_QUIET", "1"}});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(text_of(result.out, vocabulary).starts_with(answer))
      << text_of(result.out, vocabulary) << "\nagainst\n"
      << answer;
}

}  // namespace
}  // namespace axllama
