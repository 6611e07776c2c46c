// Conversations on disk: the next turn after a server was killed begins where the last one ended.

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/api.h"
#include "tests/support/process.h"

namespace axllama {
namespace {

using nlohmann::json;
using testing::post;
using testing::ServerProcess;

/// Long enough to be worth keeping.
const json kFirstTurn = {
    {{"role", "system"},
     {"content",
      "You are a patient teacher. Answer in short and plain sentences, say so when you do not know "
      "something, "
      "and never use words that a child of ten years would not know. Numbers are written as digits. Names of "
      "cities and countries are written with a capital letter. Do not talk about yourself."}},
    {{"role", "user"}, {"content", "What is the capital of France?"}}};

json chat(const ServerProcess& server, const json& messages) {
  const auto reply = post(server.url(""), "/api/chat",
                          {{"model", "axllama-tiny"},
                           {"stream", false},
                           {"think", false},
                           {"options", {{"temperature", 0}, {"num_predict", 40}}},
                           {"messages", messages}});
  EXPECT_EQ(reply.status, 200) << reply.body;
  return reply.json;
}

json next_turn(json messages, const json& answer) {
  messages.push_back(answer.at("message"));
  messages.push_back({{"role", "user"}, {"content", "And what is 2+2?"}});
  return messages;
}

std::size_t cached(const json& answer) {
  return answer.value("prompt_eval_cached_count", std::size_t{0});
}

std::vector<std::filesystem::path> block_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
    if (entry.path().extension() == ".kv") {
      files.push_back(entry.path());
    }
  }
  return files;
}

/// The server keeps conversations while it has nothing else to do: until no more comes.
void wait_for_blocks(const std::filesystem::path& folder) {
  std::size_t before = 0;
  for (int i = 0; i < 200; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    const std::size_t now = block_files(folder).size();
    if (now > 0 && now == before) return;
    before = now;
  }
  FAIL() << before << " blocks were kept";
}

void kill(ServerProcess& server) {
  server.process().signal(SIGKILL);
  ASSERT_TRUE(server.process().wait(std::chrono::seconds(30)).has_value());
}

/// The server may add a file while its folder goes: then once more.
void remove_while_in_use(const std::filesystem::path& folder) {
  std::error_code error;
  for (int i = 0; i < 100 && std::filesystem::exists(folder, error); ++i) {
    std::filesystem::remove_all(folder, error);
  }
}

TEST(KvCache, TheNextTurnAfterAKillStartsWarmAndSaysTheSame) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path kept = folder.path() / "kv";
  // On a card whose every execution takes 3 ms it pays to fetch a prompt's beginning from the disk.
  const std::filesystem::path card = folder.path() / "card.json";
  std::ofstream(card) << R"({"timing": {"execute_us": 3000}})";
  const testing::Environment slow{{"AXLLAMA_SOFTCARD_CONFIG", card.string()}};
  json expected;
  json conversation;
  {
    ServerProcess server({"--kv-cache-host", "0"}, slow);  // as it would be without
    conversation = next_turn(kFirstTurn, chat(server, kFirstTurn));
    post(server.url(""), "/api/chat",
         {{"model", "axllama-tiny"}, {"messages", json::array()}, {"keep_alive", 0}});
    expected = chat(server, conversation);
  }
  {
    ServerProcess server({"--kv-cache-dir", kept.string()}, slow);
    chat(server, kFirstTurn);
    wait_for_blocks(kept);
    kill(server);
  }
  {
    ServerProcess server({"--kv-cache-dir", kept.string()}, slow);
    const json answer = chat(server, conversation);
    EXPECT_GE(cached(answer), 64U) << server.log();
    EXPECT_EQ(answer.at("message"), expected.at("message"));
    kill(server);
  }
  for (const std::filesystem::path& file : block_files(kept)) {  // damage them all
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(-1, std::ios::end);
    stream.put('\x55');
    stream.seekp(-200, std::ios::end);
    stream.put('\x55');
  }
  ServerProcess server({"--kv-cache-dir", kept.string()}, slow);
  EXPECT_EQ(chat(server, conversation).at("message"), expected.at("message"));
  remove_while_in_use(kept);
  EXPECT_EQ(chat(server, conversation).at("message"), expected.at("message"));
  EXPECT_EQ(server.stop(), 0);
}

TEST(KvCache, BadSettingsAreNamed) {
  const auto result = testing::run_command(
      {testing::axllama_program().string(), "serve", "--host", "127.0.0.1:0", "--kv-cache-disk", "much"});
  EXPECT_NE(result.status, 0);
  EXPECT_NE(result.err.find("much"), std::string::npos) << result.err;
  const auto no_folder = testing::run_command(
      {testing::axllama_program().string(), "serve", "--host", "127.0.0.1:0", "--kv-cache-dir", "/dev/null"});
  EXPECT_NE(no_folder.status, 0);
  EXPECT_NE(no_folder.err.find("/dev/null"), std::string::npos) << no_folder.err;
}

}  // namespace
}  // namespace axllama
