// Ten thousand requests of all endings, through HTTP, leave a server as they found it: what it holds on the
// card, its open files and its threads. The software card only counts here.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "http/testing/raw_client.h"
#include "tests/support/api.h"
#include "tests/support/eventually.h"
#include "tests/support/process.h"
#include "tests/support/temporary_folder.h"

namespace axllama {
namespace {

using http::testing::RawClient;
using nlohmann::json;

constexpr std::size_t kClients = 4;
constexpr std::size_t kRequestsOfEach = 2500;
constexpr std::size_t kFirstOfEach = 250;  // after these everything has been made that is made once
constexpr int kMostTries = 2000;

class FlatMemory : public ::testing::Test {
 protected:
  FlatMemory()
      : server_({"--parallel", "4", "--kv-slots", "4", "--kv-cache-host", "0"},
                {{"AXLLAMA_SOFTCARD_CONFIG",
                  folder_.write("card.json", R"({"compute":"null","properties_ms":0})").string()}}) {}

  struct Held {
    std::size_t files = 0;
    std::size_t threads = 0;

    bool operator==(const Held&) const = default;
  };
  Held held() const {
    const auto entries = [this](const char* folder) {
      const std::filesystem::directory_iterator first("/proc/" + std::to_string(server_.process_id()) + "/" +
                                                      folder);
      return static_cast<std::size_t>(std::distance(first, {}));
    };
    return {entries("fd"), entries("task")};
  }
  /// When that has not changed for a while, as connections that were left are closed a moment later.
  Held held_at_rest() const {
    Held now = held();
    for (int i = 0, same = 0; i < kMostTries && same < 25; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      const Held next = held();
      same = next == now ? same + 1 : 0;
      now = next;
    }
    return now;
  }
  std::uint64_t model_bytes() const {
    return testing::get(server_.url(""), "/api/ps")
        .json.at("models")
        .at(0)
        .at("size_vram")
        .get<std::uint64_t>();
  }
  std::optional<std::uint64_t> free_on_card() const {
    const json card = testing::get(server_.url(""), "/api/status").json.at("cards").at(0);
    return card.contains("memory_free") ? std::optional(card.at("memory_free").get<std::uint64_t>())
                                        : std::nullopt;
  }

  testing::TemporaryFolder folder_;
  testing::ServerProcess server_;
};

/// One after the other, on a connection that is kept while it lasts.
class Client {
 public:
  Client(int port, unsigned seed) : port_(static_cast<std::uint16_t>(port)), random_(seed) {}

  /// Sends a request of one of the kinds; false when the answer to it is not the one it should be.
  bool request() {
    if (connection_ == nullptr) connection_ = std::make_unique<RawClient>(port_);
    const auto kind = random_() % 16;
    json body = {
        {"model", "axllama-tiny"}, {"prompt", words()}, {"options", {{"num_predict", random_() % 4}}}};
    if (kind < 4) {  // leaves: at once, or when the answer has begun
      body["options"]["num_predict"] = 200;
      connection_->send(post("/api/generate", body));
      if (kind < 2) connection_->read_more();
      connection_.reset();
      ++left;
      return true;
    }
    if (kind == 4) {
      body["model"] = "nobody";
      return ask("/api/generate", body) == 404;
    }
    if (kind == 5) {
      body["format"] = {{"type", "nothing"}};
      return ask("/api/generate", body) == 400;
    }
    ++answered;
    if (kind == 6) {
      return ask("/v1/completions", {{"model", "axllama-tiny"}, {"prompt", words()}, {"max_tokens", 2}}) ==
             200;
    }
    body["stream"] = kind % 2 == 0;
    return ask("/api/generate", body) == 200;
  }

  void close() { connection_.reset(); }

  std::size_t answered = 0;
  std::size_t left = 0;

 private:
  static std::string post(const std::string& path, const json& body) {
    const std::string text = body.dump();
    return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(text.size()) +
           "\r\n\r\n" + text;
  }
  int ask(const std::string& path, const json& body) {
    connection_->send(post(path, body));
    const auto response = connection_->read_response();
    return response.complete ? response.status : -1;
  }
  std::string words() {
    std::string text;
    for (auto i = random_() % 60; i > 0; --i) text += " " + std::to_string(random_() % 100);
    return text.empty() ? "Hello" : text;
  }

  std::uint16_t port_;
  std::mt19937 random_;
  std::unique_ptr<RawClient> connection_;
};

TEST_F(FlatMemory, OverTenThousandRequests) {
  std::optional<std::uint64_t> free_before;
  ASSERT_TRUE(testing::eventually([&] { return (free_before = free_on_card()).has_value(); }))
      << server_.log();

  std::vector<Client> clients;
  for (unsigned i = 0; i < kClients; ++i) clients.emplace_back(server_.port(), i + 1);
  std::atomic<std::size_t> wrong = 0;
  const auto send = [&](std::size_t count) {
    std::vector<std::jthread> threads;
    for (Client& client : clients) {
      threads.emplace_back([&client, &wrong, count] {
        for (std::size_t i = 0; i < count; ++i) wrong += client.request() ? 0U : 1U;
        client.close();
      });
    }
  };
  send(kFirstOfEach);
  const std::uint64_t bytes_before = model_bytes();
  const Held before = held_at_rest();
  send(kRequestsOfEach - kFirstOfEach);
  EXPECT_EQ(wrong, 0U) << server_.log();
  const Held after = held_at_rest();
  EXPECT_EQ(model_bytes(), bytes_before);
  EXPECT_EQ(after.files, before.files);
  EXPECT_EQ(after.threads, before.threads);
  std::size_t answered = 0;
  std::size_t left = 0;
  for (const Client& client : clients) {
    answered += client.answered;
    left += client.left;
  }
  EXPECT_GT(answered, 5000U);
  EXPECT_GT(left, 2000U);

  ASSERT_EQ(
      testing::post(server_.url(""), "/api/generate", {{"model", "axllama-tiny"}, {"keep_alive", 0}}).status,
      200);
  std::optional<std::uint64_t> free_after;
  testing::eventually([&] { return (free_after = free_on_card()) == free_before; });
  EXPECT_EQ(free_after, free_before);
  EXPECT_EQ(server_.stop(), 0) << server_.log();
  EXPECT_EQ(server_.log().find("[softcard]"), std::string::npos)
      << server_.log();  // it reports what is still held
}

}  // namespace
}  // namespace axllama
