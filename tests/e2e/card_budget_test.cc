// What a token costs on the card, counted through `axllama bench`: with L layers at most L + 5 remote calls
// and at most 2 * hidden + 4 + 64 bytes up.
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/paths.h"
#include "tests/support/process.h"

namespace axllama {
namespace {

using nlohmann::json;
using testing::run_command;

json bench(const std::string& model, const std::string& calls) {
  const auto result = run_command({testing::axllama_program(), "bench", model, "--json", "--no-limits",
                                   "--prompt", "64,200", "--depth", "16,300", "--tokens", "24", "--repeats",
                                   "1", "--calls", calls, "--parallel", "1,3"});
  EXPECT_EQ(result.status, 0) << result.err;
  return json::parse(result.out);
}

void expect_within_budget(const std::string& model, bool asynchronous, std::size_t layers, std::size_t hidden,
                          std::size_t vocabulary) {
  const json report = bench(model, asynchronous ? "async" : "sync");
  EXPECT_EQ(report.at("asynchronous"), asynchronous);
  ASSERT_EQ(report.at("layers"), layers);
  ASSERT_EQ(report.at("decode").size(), 2U);
  for (const json& decode : report.at("decode")) {
    EXPECT_LE(decode.at("remote_calls_per_token").get<double>(), static_cast<double>(layers + 5));
    EXPECT_GE(decode.at("remote_calls_per_token").get<double>(), static_cast<double>(layers + 2));
    EXPECT_LE(decode.at("bytes_up_per_token").get<double>(), static_cast<double>(2 * hidden + 4 + 64));
    EXPECT_GE(decode.at("bytes_up_per_token").get<double>(), static_cast<double>(2 * hidden + 4));
    EXPECT_EQ(decode.at("bytes_down_per_token").get<double>(), static_cast<double>(2 * vocabulary));
    // Given at once, a token is waited for once; one of sixteen, whose layers are timed, twice.
    const double waits = decode.at("waits_per_token");
    EXPECT_GE(waits, asynchronous ? 1 : 0);
    EXPECT_LE(waits, asynchronous ? 1.2 : 0);
  }
  ASSERT_EQ(report.at("parallel").size(), 2U);
  EXPECT_EQ(report.at("parallel")[1].at("tokens"), 3 * 24);
}

TEST(CardBudget, BundledModel) {
  const auto config =
      testing::read_json(std::filesystem::path(AXLLAMA_SOURCE_DIR) / "models" / "tiny" / "config.json");
  for (const bool asynchronous : {false, true}) {
    expect_within_budget((testing::bundled_models() / "axllama-tiny").string(), asynchronous,
                         config.at("num_hidden_layers"), config.at("hidden_size"), config.at("vocab_size"));
  }
}

TEST(CardBudget, RandomModelOf36Layers) {
  const testing::TemporaryFolder folder;
  const auto package = folder.path() / "random-36";
  const auto compiled =
      run_command({testing::axllama_program(), "compile", "--random", "tiny-36", "--output", package});
  ASSERT_EQ(compiled.status, 0) << compiled.err;
  const auto axllama_config = testing::read_json(package / "config.json");
  const std::size_t vocabulary = axllama_config.at("tokens_embed_num");
  const std::size_t hidden = axllama_config.at("tokens_embed_size");
  for (const bool asynchronous : {false, true}) {
    expect_within_budget(package.string(), asynchronous, 36, hidden, vocabulary);
  }
}

}  // namespace
}  // namespace axllama
