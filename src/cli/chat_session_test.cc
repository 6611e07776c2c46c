#include "cli/chat_session.h"

#include <chrono>
#include <utility>

#include <gtest/gtest.h>

#include "api/chat/options_object.h"
#include "base/error.h"

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;

TEST(ChatSession, TheSystemMessageStaysFirstAndSurvivesClearing) {
  ChatSession session;
  session.model = "m";
  session.add("user", "hello");
  session.set_system("Be brief.");
  session.set_system("Be very brief.");
  ASSERT_EQ(session.messages.size(), 2U);
  EXPECT_EQ(session.messages[0]["content"], "Be very brief.");
  session.clear();
  EXPECT_EQ(session.messages, (Json::array({Json{{"role", "system"}, {"content", "Be very brief."}}})));
  session.set_system("");
  EXPECT_TRUE(session.messages.empty());
}

TEST(ChatSession, TheRequestHoldsOnlyWhatWasSet) {
  ChatSession session;
  session.model = "m";
  session.add("user", "hi");
  EXPECT_EQ(session.chat_request().dump(), R"({"model":"m","messages":[{"role":"user","content":"hi"}]})");
  session.think = false;
  session.keep_alive = "10m";
  session.format = "json";
  const Json request = session.chat_request();
  EXPECT_EQ(request["think"], false);
  EXPECT_EQ(request["keep_alive"], "10m");
  EXPECT_EQ(request["format"], "json");
}

TEST(ChatSession, TheModelIsLoadedAsItWillBeUsed) {
  ChatSession session;
  session.model = "m";
  session.options["seed"] = 7;
  EXPECT_EQ(session.load_request().dump(), R"({"model":"m"})");
  session.think = "high";
  session.keep_alive = "10m";
  EXPECT_EQ(session.load_request().dump(), R"({"model":"m","keep_alive":"10m","think":"high"})");
}

TEST(ChatSession, OnePromptIsAskedWithTheSameSettings) {
  ChatSession session;
  session.model = "m";
  session.format = Json{{"type", "object"}};
  session.options["seed"] = 7;
  EXPECT_EQ(session.generate_request("hi", Json::array()).dump(),
            R"({"model":"m","prompt":"hi","options":{"seed":7},"format":{"type":"object"}})");
  EXPECT_EQ(session.generate_request("hi", {"aGk="})["images"], Json::array({"aGk="}));
}

TEST(ChatSession, IsKeptAsAModelOfItsOwn) {
  ChatSession session;
  session.model = "m";
  session.set_system("Be brief.");
  session.options["temperature"] = 0.5;
  session.add("user", "hi");
  session.add("assistant", "Hello!");
  EXPECT_EQ(
      session.create_request("mine").dump(),
      R"({"model":"mine","from":"m","stream":false,"system":"Be brief.","parameters":{"temperature":0.5},)"
      R"("messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"Hello!"}]})");
  ASSERT_EQ(session.messages.size(), 3U);  // the conversation goes on
}

TEST(SetParameter, TypesAndSentences) {
  Json options = Json::object();
  EXPECT_EQ(set_parameter(options, "top_k", {"5"}), "5");
  EXPECT_EQ(set_parameter(options, "temperature", {"0.25"}), "0.25");
  EXPECT_EQ(set_parameter(options, "stop", {"END", "STOP"}), "END, STOP");
  EXPECT_EQ(options.dump(), R"({"top_k":5,"temperature":0.25,"stop":["END","STOP"]})");
  EXPECT_EQ(set_parameter(options, "stop", {"DONE"}), "DONE");
  EXPECT_EQ(options["stop"], Json::array({"DONE"}));
  EXPECT_THROW(set_parameter(options, "top_k", {"many"}), base::Error);
  EXPECT_THROW(set_parameter(options, "no_such", {"1"}), base::Error);
  EXPECT_THROW(set_parameter(options, "seed", {}), base::Error);
}

TEST(SetParameter, TakesWhatModelfilesAndRequestsTake) {
  Json options = Json::object();
  for (const auto& [name, value] : {std::pair{"draft_num_predict", "4"},
                                    {"main_gpu", "0"},
                                    {"use_mmap", "true"},
                                    {"repetition_guard", "false"},
                                    {"request_timeout", "1m30s"}}) {
    EXPECT_EQ(set_parameter(options, name, {value}), value);
  }
  EXPECT_EQ(options.dump(), R"({"draft_num_predict":4,"main_gpu":0,"use_mmap":true,"repetition_guard":false,)"
                            R"("request_timeout":"1m30s"})");
  api::chat::GenerationOptions read;
  api::chat::set_options(read, options);
  EXPECT_EQ(read.draft_num_predict, 4U);
  EXPECT_FALSE(read.sampling.repetition_guard);
  EXPECT_EQ(read.request_timeout, std::chrono::seconds(90));
}

}  // namespace
}  // namespace axllama::cli
