// What calls cost is kept from load to load, with the software card.

#include "serving/kept_costs.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "serving/axcl_backend.h"
#include "tests/support/random_package.h"
#include "tests/support/softcard_settings.h"
#include "tests/support/temporary_folder.h"

namespace axllama::serving {
namespace {

namespace fs = std::filesystem;
using model::CostRecord;

TEST(IsNews, AnotherCostOrOneThatChanged) {
  CostRecord kept{.decode_step = 0.1};
  kept.chunks = {{64, 0, 0.2, true}};
  EXPECT_FALSE(is_news({}, kept));
  EXPECT_FALSE(is_news(kept, kept));
  CostRecord now = kept;
  now.decode_step = 0.105;
  EXPECT_FALSE(is_news(now, kept));
  now.decode_step = 0.12;
  EXPECT_TRUE(is_news(now, kept));
  now = kept;
  now.byte = 1e-9;
  EXPECT_TRUE(is_news(now, kept));
  now = kept;
  now.chunks[0].seconds = 0.1;
  EXPECT_TRUE(is_news(now, kept));
  now.chunks = {{64, 64, 0.2, true}};
  EXPECT_TRUE(is_news(now, kept));
  now.chunks = {{64, 0, 0.2, false}};
  EXPECT_TRUE(is_news(now, kept));
}

class KeptCostsOnCard : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_random_package({}, folder_ / "package");
    open(false);
  }
  /// `trust`: the card and its models are checked and measured before they serve.
  void open(bool trust) {
    backend_.reset();
    AxclBackendOptions options;
    options.runtime.library = testing::software_card_library();
    options.trust = {trust, folder_ / "canaries"};
    options.engine.measuring_time = std::chrono::hours(1);
    options.cost_records = records();
    backend_ = axcl_backend(options)();
  }
  void TearDown() override { backend_.reset(); }

  fs::path records() const { return folder_ / "costs"; }
  static std::uint64_t executions() {
    const auto counters = nlohmann::json::parse(testing::software_card_counters());
    return counters.at("calls").value("axclrtEngineExecute", std::uint64_t{0}) +
           counters.at("calls").value("axclrtEngineExecuteAsync", std::uint64_t{0});
  }
  /// How many executions of layers measuring what is not known takes after a load.
  std::uint64_t executions_measured() {
    const auto model = load();
    const std::uint64_t before = executions();
    model->measure_costs({});
    return executions() - before;
  }
  std::unique_ptr<ModelInstance> load() {
    return backend_->load({"m", "0123456789abcdef0123", model::Package::open(folder_ / "package")}, {});
  }
  static void answer(ModelInstance& model) {
    inference::GenerationRequest request;
    request.prompt.assign(64, 5);  // one chunk
    request.max_tokens = 2;
    request.ignore_end_of_sequence = true;
    const auto generation = model.start(request);
    while (!generation->step().done) {
    }
  }
  fs::path only_record() const {
    const fs::path file = fs::directory_iterator(records())->path();
    EXPECT_EQ(std::distance(fs::directory_iterator(records()), {}), 1);
    return file;
  }

 private:
  const testing::TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
  std::unique_ptr<CardBackend> backend_;
};

TEST_F(KeptCostsOnCard, AreWrittenWhenTheModelGoesAndUsedByTheNextOne) {
  {
    const auto model = load();
    answer(*model);
    EXPECT_FALSE(fs::exists(records()));
  }
  EXPECT_EQ(only_record().filename(), "random-0123456789abcdef-1.json");
  const auto record = model::read_costs(only_record()).value();
  EXPECT_TRUE(record.decode_step);
  ASSERT_EQ(record.chunks.size(), 1U);
  EXPECT_TRUE(record.chunks[0].full);

  // What nobody has measured in the next engine comes from the file.
  CostRecord told = record;
  told.chunks.push_back({64, 128, 0.5, true});
  model::write_costs(only_record(), told);
  load().reset();
  EXPECT_EQ(model::read_costs(only_record()), told);
}

TEST_F(KeptCostsOnCard, AreWrittenInThePauseAfterAnAnswer) {
  const auto model = load();
  answer(*model);
  model->work_idle();
  EXPECT_TRUE(model::read_costs(only_record())->decode_step);
}

TEST_F(KeptCostsOnCard, FilesOfOthersAreReplaced) {
  load().reset();
  EXPECT_FALSE(fs::exists(records())) << "nothing was measured";
  answer(*load());
  const fs::path file = only_record();
  CostRecord foreign = model::read_costs(file).value();
  foreign.card = "another card";
  foreign.decode_step = 1000;
  model::write_costs(file, foreign);
  answer(*load());
  EXPECT_LT(model::read_costs(file)->decode_step, 1000);
  std::ofstream(file) << "{\"version\":1,\"chunks\":[";
  answer(*load());
  EXPECT_TRUE(model::read_costs(file)->decode_step);
}

/// Of three layers: a decode step and a chunk of each of the four groups. The canary has made a chunk of a
/// few tokens, which does not tell what a full one costs here.
constexpr std::uint64_t kAllCalls = 3 * (1 + 4);

TEST_F(KeptCostsOnCard, AreMeasuredBeforeTheFirstAnswerOnceForACard) {
  open(true);
  EXPECT_EQ(executions_measured(), kAllCalls);
  const CostRecord record = model::read_costs(only_record()).value();
  EXPECT_TRUE(record.decode_step);
  EXPECT_EQ(record.chunks.size(), 4U);
  EXPECT_TRUE(
      std::all_of(record.chunks.begin(), record.chunks.end(), [](auto& chunk) { return chunk.full; }));
  EXPECT_EQ(executions_measured(), 0U);
  CostRecord other = record;
  other.card = "another card";
  model::write_costs(only_record(), other);
  EXPECT_EQ(executions_measured(), kAllCalls);
  EXPECT_EQ(model::read_costs(only_record())->card, record.card);
  EXPECT_EQ(executions_measured(), 0U);
}

TEST_F(KeptCostsOnCard, AreWrittenAsSoonAsTheyAreMeasured) {
  open(true);
  const auto model = load();
  EXPECT_FALSE(fs::exists(records()));
  model->measure_costs({});
  EXPECT_TRUE(model::read_costs(only_record())->decode_step);
}

TEST_F(KeptCostsOnCard, AreMeasuredAsFarAsTheRecordLacksThem) {
  open(true);
  executions_measured();
  CostRecord record = model::read_costs(only_record()).value();
  record.chunks.erase(record.chunks.begin() + 2);
  record.chunks[1].full = false;
  model::write_costs(only_record(), record);
  EXPECT_EQ(executions_measured(), 2 * 3U);
}

TEST_F(KeptCostsOnCard, AreNotMeasuredBeforeTheFirstAnswerWhereNothingIsChecked) {
  EXPECT_EQ(executions_measured(), 0U);
}

TEST_F(KeptCostsOnCard, AreNotMeasuredOnACardThatComputesNothing) {
  const testing::SoftcardSettings settings(R"({"quiet":true,"compute":"null"})");
  open(true);
  EXPECT_EQ(executions_measured(), 0U);
  EXPECT_FALSE(fs::exists(records()));
}

TEST_F(KeptCostsOnCard, LeaveAFailedCallToTheAnswers) {
  open(true);
  const auto model = load();
  {
    const testing::SoftcardSettings settings(R"({"quiet":true,"faults":"execute_error:at=5"})");
    model->measure_costs({});
  }
  const CostRecord record = model::read_costs(only_record()).value();
  EXPECT_TRUE(record.decode_step) << "what was measured before it";
  EXPECT_FALSE(record.chunks.at(0).full);
  answer(*model);
}

TEST_F(KeptCostsOnCard, NeedNoFolder) {
  std::ofstream(records()) << "a file where the folder should be";
  const auto model = load();
  answer(*model);
  model->work_idle();
  EXPECT_TRUE(fs::is_regular_file(records()));
}

}  // namespace
}  // namespace axllama::serving
