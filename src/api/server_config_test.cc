#include "api/server_config.h"

#include <map>

#include <gtest/gtest.h>

#include "base/error.h"
#include "serving/service.h"

namespace axllama::api {
namespace {

ServerConfig config_of(const std::map<std::string, std::string>& variables) {
  return server_config_from_environment([variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(ServerConfig, Defaults) {
  const ServerConfig config = config_of({});
  EXPECT_EQ(config.listen.authority(), "127.0.0.1:11434");
  EXPECT_FALSE(config.sidecar);
  EXPECT_EQ(config.max_queue, 512U);
  EXPECT_EQ(config.max_loaded, 0U);
  EXPECT_EQ(config.keep_alive, std::chrono::minutes(5));
  EXPECT_EQ(config.load_timeout, std::chrono::minutes(5));
  EXPECT_EQ(config.call_timeout, std::chrono::minutes(1));
  EXPECT_TRUE(config.preload.empty());
  EXPECT_TRUE(config.warnings.empty());
}

TEST(ServerConfig, OllamasVariablesWorkAndOursWin) {
  const ServerConfig config = config_of({{"OLLAMA_HOST", "0.0.0.0:8000"},
                                         {"AXLLAMA_HOST", "\"127.0.0.1:9000\""},
                                         {"OLLAMA_KEEP_ALIVE", "90"},
                                         {"OLLAMA_MAX_QUEUE", " 7 "},
                                         {"OLLAMA_MAX_LOADED_MODELS", "2"},
                                         {"OLLAMA_LOAD_TIMEOUT", "90s"},
                                         {"AXLLAMA_CALL_TIMEOUT", "20s"},
                                         {"AXLLAMA_PRELOAD", "qwen3:4b, axllama-tiny"},
                                         {"AXLLAMA_PIN", "house"},
                                         {"AXLLAMA_DRAFT", "qwen3:4b=qwen3:0.6b, a = b"},
                                         {"OLLAMA_NUM_PARALLEL", "3"},
                                         {"AXLLAMA_KV_SLOTS", "5"},
                                         {"AXLLAMA_CARDS", "2, 0"},
                                         {"AXLLAMA_KV_CACHE_DIR", "/var/cache/axllama"},
                                         {"AXLLAMA_KV_CACHE_DISK", "2GiB"},
                                         {"AXLLAMA_KV_CACHE_HOST", "0"},
                                         {"AXLLAMA_SPECULATION", "off"},
                                         {"AXLLAMA_CARD_EMBEDDINGS", "on"},
                                         {"HOME", "/home/me"},
                                         {"OLLAMA_ORIGINS", "http://a.example, http://b.example"},
                                         {"AXLLAMA_MODELS", "/models:/more"}});
  EXPECT_EQ(config.listen.authority(), "127.0.0.1:9000");
  EXPECT_EQ(config.keep_alive, std::chrono::seconds(90));
  EXPECT_EQ(config.max_queue, 7U);
  EXPECT_EQ(config.max_loaded, 2U);
  EXPECT_EQ(config.load_timeout, std::chrono::seconds(90));
  EXPECT_EQ(config.call_timeout, std::chrono::seconds(20));
  EXPECT_EQ(config.preload, (std::vector<std::string>{"qwen3:4b", "axllama-tiny"}));
  EXPECT_EQ(config.pinned, std::vector<std::string>{"house"});
  EXPECT_EQ(config.drafts, (std::map<std::string, std::string>{{"qwen3:4b", "qwen3:0.6b"}, {"a", "b"}}));
  EXPECT_EQ(config.parallel, 3U);
  EXPECT_EQ(config.kv_slots, 5U);
  EXPECT_EQ(config.cards, (std::vector<std::size_t>{2, 0}));
  EXPECT_EQ(config.kv_cache_dir, "/var/cache/axllama");
  EXPECT_EQ(config.kv_cache_disk, 2ULL << 30U);
  EXPECT_EQ(config.kv_cache_host, 0U);
  EXPECT_EQ(config.speculation, false);
  EXPECT_TRUE(config.card_embeddings);
  EXPECT_EQ(config.cost_folder, "/home/me/.axllama/costs");
  EXPECT_EQ(config.origins, (std::vector<std::string>{"http://a.example", "http://b.example"}));
  ASSERT_GE(config.model_roots.size(), 2U);
  EXPECT_EQ(config.model_roots[0], "/models");
  EXPECT_EQ(config.model_roots[1], "/more");
}

TEST(ServerConfig, SwitchesAreOnUnlessTheySayNo) {
  EXPECT_TRUE(config_of({}).prune_store);
  EXPECT_TRUE(config_of({{"OLLAMA_NOPRUNE", "0"}}).prune_store);
  EXPECT_TRUE(config_of({{"OLLAMA_NOPRUNE", "False"}}).prune_store);
  EXPECT_FALSE(config_of({{"OLLAMA_NOPRUNE", "1"}}).prune_store);
  EXPECT_FALSE(config_of({{"OLLAMA_NOPRUNE", "whatever"}}).prune_store);
  EXPECT_FALSE(config_of({}).keep_requests);
  EXPECT_TRUE(config_of({{"OLLAMA_DEBUG_LOG_REQUESTS", "true"}}).keep_requests);
  EXPECT_EQ(config_of({}).log_level, telemetry::LogLevel::kInfo);
  EXPECT_EQ(config_of({{"OLLAMA_DEBUG", "false"}}).log_level, telemetry::LogLevel::kInfo);
  EXPECT_EQ(config_of({{"OLLAMA_DEBUG", "1"}}).log_level, telemetry::LogLevel::kDebug);
  EXPECT_EQ(config_of({{"OLLAMA_DEBUG", "2"}}).log_level, telemetry::LogLevel::kTrace);
}

TEST(ServerConfig, IsDescribedInOneLine) {
  ServerConfig config = config_of({{"OLLAMA_CONTEXT_LENGTH", "4096"},
                                   {"OLLAMA_MAX_LOADED_MODELS", "3"},
                                   {"OLLAMA_LOAD_TIMEOUT", "90s"},
                                   {"AXLLAMA_CALL_TIMEOUT", "0"},
                                   {"AXLLAMA_PRELOAD", "x:1,y"},
                                   {"AXLLAMA_PIN", "z"},
                                   {"AXLLAMA_ASYNC", "off"},
                                   {"AXLLAMA_CARD_EMBEDDINGS", "on"},
                                   {"OLLAMA_DEBUG", "2"},
                                   {"AXLLAMA_CARDS", "0,2"},
                                   {"AXLLAMA_DRAFT", "b=c,a=c"}});
  EXPECT_EQ(config.context_length, 4096U);
  config.keep_alive = serving::KeepAlive::kForever;
  const std::string text = describe(config);
  for (const char* part : {"HOST:127.0.0.1:11434 ", " KEEP_ALIVE:forever ", " CONTEXT_LENGTH:4096 ",
                           " CARDS:0,2 ", " DRAFT:a=c,b=c ", " MAX_QUEUE:512 ", " MAX_LOADED_MODELS:3 ",
                           " LOAD_TIMEOUT:1m30s ", " CALL_TIMEOUT:forever ", " PRELOAD:x:1,y ", " PIN:z ",
                           " ASYNC:off ", " CARD_EMBEDDINGS:on ", " DEBUG:2 "}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
  const std::string plain = describe(config_of({}));
  for (const char* part :
       {" KEEP_ALIVE:5m0s ", " MAX_LOADED_MODELS:0 ", " PRELOAD: ", " PIN: ", " ASYNC:on ", " DEBUG:0 "}) {
    EXPECT_NE(plain.find(part), std::string::npos) << part << " in " << plain;
  }
  EXPECT_NE(describe(config_of({{"OLLAMA_DEBUG", "1"}})).find(" DEBUG:1 "), std::string::npos);
  EXPECT_TRUE(config_of({{"OLLAMA_CONTEXT_LENGTH", "0"}}).warnings.empty());
}

TEST(ServerConfig, UnusableValuesWarnAndKeepTheDefault) {
  const ServerConfig config = config_of({{"OLLAMA_KEEP_ALIVE", "soon"},
                                         {"OLLAMA_MAX_QUEUE", "many"},
                                         {"OLLAMA_MAX_LOADED_MODELS", "-1"},
                                         {"OLLAMA_LOAD_TIMEOUT", "late"},
                                         {"OLLAMA_NUM_PARALLEL", "0"},
                                         {"AXLLAMA_KV_SLOTS", "4x"},
                                         {"AXLLAMA_KV_CACHE_DISK", "much"},
                                         {"AXLLAMA_SPECULATION", "maybe"},
                                         {"AXLLAMA_CARD_EMBEDDINGS", "yes"},
                                         {"AXLLAMA_DRAFT", "small,a=b=c"},
                                         {"AXLLAMA_CARDS", "0,zero"}});
  EXPECT_EQ(config.keep_alive, std::chrono::minutes(5));
  EXPECT_EQ(config.max_queue, 512U);
  EXPECT_EQ(config.parallel, 0U);
  EXPECT_EQ(config.kv_slots, 0U);
  EXPECT_TRUE(config.cards.empty());
  EXPECT_EQ(config.kv_cache_disk, 8ULL << 30U);
  EXPECT_EQ(config.speculation, std::nullopt);
  EXPECT_EQ(config.load_timeout, std::chrono::minutes(5));
  EXPECT_EQ(config.max_loaded, 0U);
  EXPECT_FALSE(config.card_embeddings);
  EXPECT_TRUE(config.drafts.empty());
  EXPECT_EQ(config.warnings.size(), 12U);
}

TEST(ServerConfig, GuessingIsLeftToTheCardUnlessOneSaysSo) {
  EXPECT_EQ(config_of({}).speculation, std::nullopt);
  EXPECT_EQ(config_of({{"AXLLAMA_SPECULATION", "on"}}).speculation, true);
  EXPECT_EQ(config_of({{"AXLLAMA_SPECULATION", "off"}}).speculation, false);
}

TEST(ServerConfig, ADraftIsGivenWithItsModel) {
  EXPECT_EQ(parse_draft("qwen3:4b=qwen3:0.6b"),
            (std::pair<std::string, std::string>("qwen3:4b", "qwen3:0.6b")));
  for (const char* text : {"qwen3:4b", "=qwen3:0.6b", "qwen3:4b=", "a=b=c", ""}) {
    EXPECT_THROW(parse_draft(text), base::Error) << text;
  }
}

TEST(ServerConfig, CardsAreDifferentNumbers) {
  EXPECT_EQ(parse_cards("0"), std::vector<std::size_t>{0});
  EXPECT_EQ(parse_cards("1, 3"), (std::vector<std::size_t>{1, 3}));
  EXPECT_THROW(parse_cards("0,0"), base::Error);
  EXPECT_THROW(parse_cards("-1"), base::Error);
  EXPECT_THROW(parse_cards("all"), base::Error);
}

TEST(ServerConfig, KeepAliveForms) {
  EXPECT_EQ(parse_keep_alive("0"), std::chrono::nanoseconds(0));
  EXPECT_EQ(parse_keep_alive("10m"), std::chrono::minutes(10));
  EXPECT_EQ(parse_keep_alive("-1"), serving::KeepAlive::kForever);
  EXPECT_EQ(parse_keep_alive("-1s"), serving::KeepAlive::kForever);
  EXPECT_EQ(parse_keep_alive("99999999999999"), serving::KeepAlive::kForever);
  EXPECT_THROW(parse_keep_alive("10 minutes"), base::Error);
}

TEST(ServerConfig, ALoadTimeoutOfNothingIsNoLimit) {
  EXPECT_EQ(parse_time_limit("2m"), std::chrono::minutes(2));
  EXPECT_EQ(parse_time_limit("30"), std::chrono::seconds(30));
  for (const char* none : {"0", "-1", "-5m", "0s"}) {
    EXPECT_EQ(parse_time_limit(none), std::chrono::nanoseconds::max()) << none;
  }
  EXPECT_THROW(parse_time_limit("late"), base::Error);
}

TEST(ServerConfig, TheSidecarHasItsOwnDefaultPort) {
  EXPECT_EQ(config_of({{"AXLLAMA_SIDECAR", "127.0.0.1"}}).sidecar->authority(), "127.0.0.1:5002");
}

}  // namespace
}  // namespace axllama::api
