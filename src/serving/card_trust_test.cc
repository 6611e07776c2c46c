// Whether models and cards that compute garbage are noticed, with the software card.

#include "serving/card_trust.h"

#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <stdlib.h>

#include "axcl/runtime.h"
#include "base/error.h"
#include "model/canary_record.h"
#include "serving/axcl_backend.h"
#include "tests/paths.h"
#include "tests/support/random_package.h"
#include "tests/support/temporary_folder.h"

namespace axllama::serving {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using ::testing::AllOf;
using ::testing::HasSubstr;

class CardTrustTest : public ::testing::Test {
 protected:
  void SetUp() override { testing::write_random_package({}, package()); }
  void TearDown() override {
    backend_.reset();
    ::unsetenv("AXLLAMA_SOFTCARD_CONFIG");
  }

  fs::path package() const { return folder_ / "package"; }
  fs::path records() const { return folder_ / "records"; }
  std::size_t record_count() const {
    return fs::exists(records())
               ? static_cast<std::size_t>(std::distance(fs::directory_iterator(records()), {}))
               : 0;
  }

  /// Opens the card with settings of docs/softcard.md.
  void open(const std::string& settings = R"({"quiet":true})", bool enabled = true,
            std::optional<bool> speculation = {}) {
    backend_.reset();
    std::ofstream(folder_ / "card.json") << settings;
    ::setenv("AXLLAMA_SOFTCARD_CONFIG", (folder_ / "card.json").c_str(), 1);
    runtime_.library = fs::path(AXLLAMA_BINARY_DIR) / "lib/softcard/libaxcl_rt.so";
    backend_ =
        axcl_backend({.runtime = runtime_, .trust = {enabled, records()}, .speculation = speculation})();
  }
  /// How often a function of the runtime was called so far.
  std::uint64_t calls(const std::string& function) const {
    const auto counters = nlohmann::json::parse(axcl::Runtime::open(runtime_)->software_card_counters());
    return counters.at("calls").value(function, std::uint64_t{0});
  }
  /// Empty when the package is served.
  std::optional<Error> load() {
    try {
      backend_->load({"m", "digest", model::Package::open(package())}, {});
    } catch (const Error& error) {
      return error;
    }
    return std::nullopt;
  }
  /// Another model, of a name of its own: a test that was passed with the same layer in this process would be
  /// remembered.
  void write_model_named(const std::string& name) const {
    testing::RandomModel model;
    model.name = name;
    fs::remove_all(package());
    testing::write_random_package(model, package());
  }
  std::unique_ptr<ModelInstance> instance() {
    return backend_->load({"m", "digest", model::Package::open(package())}, {});
  }
  /// Tokens that a model guesses in an answer that repeats itself.
  static std::size_t guessed_by(ModelInstance& model) {
    inference::GenerationRequest request;
    for (int i = 0; i < 32; ++i) request.prompt.push_back('a' + i % 8);
    request.sampling.temperature = 0;
    request.sampling.repetition_guard = false;
    request.max_tokens = 100;
    request.ignore_end_of_sequence = true;
    const auto generation = model.start(request);
    inference::TokenEvent event;
    while (!event.done) event = generation->step();
    return event.stats.guessed_tokens;
  }
  /// Replaces a file by another in a way that its size and time do not tell.
  void replace(const fs::path& file, const fs::path& by) const {
    const auto time = fs::last_write_time(file);
    ASSERT_EQ(fs::file_size(file), fs::file_size(by));
    fs::copy_file(by, file, fs::copy_options::overwrite_existing);
    fs::last_write_time(file, time);
  }
  fs::path layer(std::size_t index) const { return testing::RandomModel{}.layer_file(package(), index); }

 private:
  const testing::TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
  axcl::RuntimeOptions runtime_;
  std::unique_ptr<CardBackend> backend_;
};

TEST_F(CardTrustTest, APackageWithoutARecordGetsOneAndIsHeldToIt) {
  open();
  EXPECT_FALSE(load());
  ASSERT_EQ(record_count(), 1U);
  EXPECT_FALSE(load());
  EXPECT_EQ(record_count(), 1U);
  replace(layer(2), layer(1));  // two copies of one layer: plausible, and garbage
  const auto error = load();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::kInternal);
  EXPECT_THAT(error->message(),
              AllOf(HasSubstr("random"), HasSubstr("canary"), HasSubstr("20 % are allowed")));
}

TEST_F(CardTrustTest, APackageOfOtherFilesGetsARecordOfItsOwn) {
  open();
  EXPECT_FALSE(load());
  testing::RandomModel other;
  other.seed = 9;
  testing::write_random_package(other, package());
  EXPECT_FALSE(load());
  EXPECT_EQ(record_count(), 2U);
}

TEST_F(CardTrustTest, TheRecordInThePackageCountsFirst) {
  open();
  ASSERT_FALSE(load());
  fs::copy_file(fs::directory_iterator(records())->path(), package() / model::kCanaryFile);
  fs::remove_all(records());
  EXPECT_FALSE(load());
  EXPECT_EQ(record_count(), 0U);

  auto record = model::read_canary(package() / model::kCanaryFile).value();
  for (float& logit : record.logits) logit = -logit;
  model::write_canary(package() / model::kCanaryFile, record);
  EXPECT_TRUE(load());
  record.tokens.back() = 1 << 20;
  model::write_canary(package() / model::kCanaryFile, record);
  const auto error = load();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error->message(), HasSubstr("another model"));
}

TEST_F(CardTrustTest, ARecordThatCannotBeReadIsMadeAnew) {
  open();
  ASSERT_FALSE(load());
  const fs::path file = fs::directory_iterator(records())->path();
  std::ofstream(file) << "{}";
  EXPECT_FALSE(load());
  EXPECT_TRUE(model::read_canary(file));
}

TEST_F(CardTrustTest, LogitsThatAreNoneAreRefusedWithoutARecord) {
  open(R"({"quiet":true,"faults":"corrupt:corruption=nan,model=*_post*"})");
  auto error = load();
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message(), HasSubstr("not finite"));
  open(R"({"quiet":true,"faults":"corrupt:corruption=zero,model=*_post*"})");
  error = load();
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message(), HasSubstr("all alike"));
  EXPECT_EQ(record_count(), 0U);
}

TEST_F(CardTrustTest, ACardThatFailsItsSelfTestServesNothing) {
  write_model_named("unknown");
  open(R"({"quiet":true,"faults":"corrupt:corruption=noise,at=2,times=1"})");
  const auto error = load();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::kDevice);
  EXPECT_THAT(error->message(), AllOf(HasSubstr("self-test"), HasSubstr("repeatable")));
  EXPECT_FALSE(load()) << "the fault is over";
}

TEST_F(CardTrustTest, WorkIsGivenAtOnceOnlyWhereTheSelfTestFindsThatRight) {
  const auto streamed_executions = [&](const std::string& name, const std::string& settings) {
    write_model_named(name);
    open(settings);
    const std::uint64_t before = calls("axclrtEngineExecuteAsync");
    EXPECT_FALSE(load());
    return calls("axclrtEngineExecuteAsync") - before;
  };
  constexpr std::uint64_t kOfTheSelfTest = 50;
  // Calls that cost what they do over a bus.
  EXPECT_GT(streamed_executions("streams", R"({"quiet":true,"timing":{"call_us":200}})"), kOfTheSelfTest)
      << "the canary's, too";
  EXPECT_EQ(streamed_executions("lossy", R"({"quiet":true,"faults":"lost_work:at=9"})"), kOfTheSelfTest / 2);
  EXPECT_EQ(streamed_executions("unordered", R"({"quiet":true,"faults":"reordered_work"})"),
            kOfTheSelfTest / 2);
  EXPECT_EQ(streamed_executions("unawaited", R"({"quiet":true,"faults":"late_work"})"), kOfTheSelfTest / 2);
  EXPECT_LE(streamed_executions("unwilling", R"({"quiet":true,"faults":"submit_error"})"), 1U);
}

TEST_F(CardTrustTest, TokensAreGuessedOnlyWhereChunksGiveTheRowsOfDecoding) {
  // So long does an execution take that a chunk costs hardly more than a token.
  const std::string slow = R"({"quiet":true,"timing":{"execute_us":1000})";
  const std::string rounding = slow + R"(,"faults":"corrupt:corruption=rounding,tensor=output"})";
  struct Case {
    const char* name;
    std::string settings;
    bool enabled;
    std::optional<bool> asked;
    std::optional<bool> guesses;  // unset: they are allowed, and what chunks take here decides
    const char* why;
  };
  for (const Case& tried :
       {Case{"exact", slow + "}", true, {}, {}, ""},
        Case{"rounds", rounding, true, {}, false, "differ from those of decoding"},
        Case{"forced", rounding, true, true, {}, ""}, Case{"refused", slow + "}", true, false, false, ""},
        Case{"untested", slow + "}", false, {}, false, "The card was not tested"},
        Case{"null", slow + R"(,"compute":"null"})", true, {}, true, ""}}) {
    SCOPED_TRACE(tried.name);
    write_model_named(tried.name);
    open(tried.settings, tried.enabled, tried.asked);
    const auto model = instance();
    EXPECT_THAT(model->not_guessing(), HasSubstr(tried.why));
    EXPECT_EQ(model->not_guessing().empty(), *tried.why == 0);
    const bool guesses = guessed_by(*model) > 0;
    EXPECT_EQ(guesses, tried.guesses.value_or(guesses));
  }
}

TEST_F(CardTrustTest, NoiseInOneLayerIsNoticedByTheCanary) {
  open();
  ASSERT_FALSE(load());
  open(R"({"quiet":true,"faults":"corrupt:corruption=noise,model=*_l1_*"})");
  const auto error = load();
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message(), HasSubstr("canary"));
}

TEST_F(CardTrustTest, ChecksCanBeTurnedOffAndSayNothingAboutACardThatComputesNothing) {
  open(R"({"quiet":true,"faults":"corrupt:corruption=nan"})", false);
  EXPECT_FALSE(load());
  open(R"({"quiet":true,"compute":"null"})");
  EXPECT_FALSE(load());
  EXPECT_EQ(record_count(), 0U);
}

}  // namespace
}  // namespace axllama::serving
