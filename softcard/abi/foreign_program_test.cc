// Programs that know the documented interface only, as processes of their own.

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "softcard/abi/library_for_test.h"
#include "softcard/abi/tiny_model_for_test.h"

namespace axllama::softcard {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::TinyShape;

constexpr int kLayers = 2;
constexpr int kSteps = 12;

struct Outcome {
  int status = -1;
  std::string out;
};

/// Runs a command with these settings of the card; stderr joins stdout when asked for.
Outcome run(const std::string& variables, const std::string& command) {
  Outcome outcome;
  const char* emulator = std::getenv("AXLLAMA_EMULATOR");  // where this machine cannot run what it builds
  const std::string runner = emulator == nullptr ? "" : std::string(emulator) + " ";
  FILE* pipe = popen((variables + " " + runner + command).c_str(), "r");
  std::array<char, 4096> buffer{};
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    outcome.out.append(buffer.data(), count);
  }
  const int raw = pclose(pipe);
  outcome.status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
  return outcome;
}

class ForeignProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() / ("foreign_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    for (int layer = 0; layer < kLayers; ++layer) {
      testing::write_tiny_layer(folder / ("l" + std::to_string(layer)), shape,
                                static_cast<std::uint32_t>(layer));
    }
    testing::write_tiny_head(folder / "post", shape, 7);
    std::mt19937 random(3);
    std::normal_distribution<float> normal(0, 1);
    std::ofstream file(folder / "embeddings", std::ios::binary);
    for (std::int64_t value = 0; value < shape.vocab * shape.hidden; ++value) {
      const base::Bf16 bits = base::f32_to_bf16(normal(random));
      file.write(reinterpret_cast<const char*>(&bits), sizeof(bits));
    }
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::string command(const std::string& library = SOFTCARD_LIBRARY) const {
    std::string text =
        std::string(SOFTCARD_FOREIGN_RUNNER) + " " + library + " " + (folder / "embeddings").string();
    for (const std::int64_t number :
         {shape.hidden, shape.kv(), shape.vocab, shape.slots, std::int64_t{kSteps}, std::int64_t{5}}) {
      text += " " + std::to_string(number);
    }
    text += " " + (folder / "post").string();
    for (int layer = 0; layer < kLayers; ++layer) {
      text += " " + (folder / ("l" + std::to_string(layer))).string();
    }
    return text;
  }

  std::filesystem::path folder;
  TinyShape shape;
};

TEST_F(ForeignProgramTest, DecodesInLenientModeAndLeavesReportsAndCounters) {
  const auto counters_file = folder / "counters.json";
  const Outcome outcome =
      run("AXLLAMA_SOFTCARD_MODE=lenient AXLLAMA_SOFTCARD_COUNTERS=" + counters_file.string(),
          command() + " 2>" + (folder / "stderr").string());
  ASSERT_EQ(outcome.status, 0) << outcome.out;
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), kSteps);
  std::stringstream complaints;
  complaints << std::ifstream(folder / "stderr").rdbuf();
  EXPECT_THAT(complaints.str(), HasSubstr("rule 2"));
  EXPECT_THAT(complaints.str(), HasSubstr("not released"));
  const auto counters = nlohmann::json::parse(std::ifstream(counters_file));
  EXPECT_EQ(counters["executions"]["total"], kSteps * (kLayers + 1));
  EXPECT_EQ(counters["calls"]["axclrtEngineLoadFromMem"], kLayers + 1);
}

TEST_F(ForeignProgramTest, StrictModeStopsItAtTheFirstBrokenRule) {
  const Outcome outcome = run("AXLLAMA_SOFTCARD_MODE=strict", command() + " 2>&1");
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.out, HasSubstr("rule 2"));
  EXPECT_THAT(outcome.out, HasSubstr("execute: 0x80300703"));
}

TEST_F(ForeignProgramTest, TheSameTokensFromTheOldLibraryAndWithAPlayedScript) {
  const Outcome now = run("AXLLAMA_SOFTCARD_MODE=lenient AXLLAMA_SOFTCARD_QUIET=1", command());
  const Outcome old =
      run("AXLLAMA_SOFTCARD_MODE=lenient AXLLAMA_SOFTCARD_QUIET=1", command(SOFTCARD_LIBRARY_2X));
  EXPECT_EQ(old.status, 0);
  EXPECT_EQ(old.out, now.out);
  std::ofstream(folder / "script.json") << R"({"requests":[[9,8,7,6,5,4,3,2,1,0,127,64]]})";
  const Outcome scripted =
      run("AXLLAMA_SOFTCARD_MODE=lenient AXLLAMA_SOFTCARD_QUIET=1 AXLLAMA_SOFTCARD_SCRIPT=" +
              (folder / "script.json").string(),
          command());
  EXPECT_EQ(scripted.status, 0);
  EXPECT_EQ(scripted.out, "9\n8\n7\n6\n5\n4\n3\n2\n1\n0\n127\n64\n");
}

TEST_F(ForeignProgramTest, StdoutIsSilentUnlessChatterIsAskedFor) {
  const std::string lenient = "AXLLAMA_SOFTCARD_MODE=lenient AXLLAMA_SOFTCARD_QUIET=1";
  EXPECT_THAT(run(lenient, command()).out, Not(HasSubstr("axcl")));
  const Outcome loud = run(lenient + " AXLLAMA_SOFTCARD_CHATTER=1", command());
  EXPECT_EQ(loud.status, 0);
  EXPECT_THAT(loud.out, HasSubstr("[I][axcl] init: runtime"));
}

TEST_F(ForeignProgramTest, NoCardAndFaultsFromTheEnvironment) {
  EXPECT_THAT(run("AXLLAMA_SOFTCARD_DEVICES=", command() + " 2>&1").out, HasSubstr("init: 0x8030010b"));
  EXPECT_THAT(run("AXLLAMA_SOFTCARD_FAULTS=no_card", command() + " 2>&1").out, HasSubstr("init: 0x8030010b"));
  EXPECT_EQ(run("AXLLAMA_SOFTCARD_FAULTS=hidden_card", command() + " 2>&1").status, 6);
  EXPECT_THAT(run("AXLLAMA_SOFTCARD_FAULTS=load_error:at=2", command() + " 2>&1").out,
              HasSubstr("load: 0x80300709"));
  EXPECT_THAT(
      run("AXLLAMA_SOFTCARD_MODE=lenient AXLLAMA_SOFTCARD_FAULTS=offline:at=4", command() + " 2>&1").out,
      HasSubstr("0x80300181"));
  EXPECT_THAT(run("AXLLAMA_SOFTCARD_MODE=loose", command() + " 2>&1").out, HasSubstr("\"loose\""));
}

}  // namespace
}  // namespace axllama::softcard
