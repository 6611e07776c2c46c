// The self-test against software cards that behave well, strictly, like the hardware, and badly.

#include "axcl/selftest.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "axcl/card.h"
#include "axcl/runtime.h"
#include "axcl/testing/software_card.h"
#include "base/testing/error_of.h"
#include "tests/paths.h"

namespace axllama::axcl {
namespace {

namespace fs = std::filesystem;
using base::testing::error_of;
using ::testing::HasSubstr;

class SelfTestTest : public testing::SoftwareCardTest {
 protected:
  static Verdict verdict(const SelfTestReport& report, const char* name) {
    const SelfTestCheck* check = report.check(name);
    EXPECT_NE(check, nullptr) << name;
    return check == nullptr ? Verdict::kSkipped : check->verdict;
  }
};

constexpr const char* kRules[] = {"rule-1-unbound",     "rule-2-size",           "rule-3-one-object",
                                  "rule-4-mask-inside", "rule-4-indices-inside", "rule-5-chunk-in-cache",
                                  "rule-6-alias",       "rule-7-unwritten-cache"};

TEST_F(SelfTestTest, PassesOnAStrictCardWhichRefusesEveryBrokenRule) {
  Card& card = open(R"({"quiet":true})");
  const SelfTestReport report = run_self_test(card, layer(), {.break_rules = true});
  for (const char* name :
       {"repeatable", "outputs-written", "zeroed-cache", "inputs-read", "rows-in-their-slot",
        "chunk-equals-decode", "chunk-output", "chunk-equals-decode-later", "chunk-output-later", "cost"}) {
    EXPECT_EQ(verdict(report, name), Verdict::kPassed) << report.check(name)->detail;
  }
  for (const char* name : kRules) {
    EXPECT_EQ(verdict(report, name), Verdict::kRefused) << report.check(name)->detail;
    EXPECT_THAT(report.check(name)->detail, HasSubstr("0x80300703"));
  }
  EXPECT_EQ(report.conduct(), Conduct::kRefuses);
  EXPECT_GT(report.execute_us, 0);
  EXPECT_GT(report.copy_us, 0);
  EXPECT_NO_THROW(require_passed(report));
}

TEST_F(SelfTestTest, PassesOnALenientCardAndSeesThatItIsSilent) {
  Card& card = open(R"({"quiet":true,"mode":"lenient"})");
  const SelfTestReport report = run_self_test(card, layer(), {.break_rules = true});
  EXPECT_EQ(report.first_failure(), nullptr);
  for (const char* name : {"rule-1-unbound", "rule-4-mask-inside", "rule-4-indices-inside",
                           "rule-5-chunk-in-cache", "rule-6-alias", "rule-7-unwritten-cache"}) {
    EXPECT_EQ(verdict(report, name), Verdict::kWrong) << report.check(name)->detail;
  }
  for (const char* name : {"rule-2-size", "rule-3-one-object"}) {
    EXPECT_EQ(verdict(report, name), Verdict::kWorks) << report.check(name)->detail;
  }
  EXPECT_EQ(report.conduct(), Conduct::kSilent);
}

TEST_F(SelfTestTest, SeesWhereMasksAndIndicesInsideABlockWork) {
  Card& card = open(R"({"quiet":true,"mode":"lenient","lenient_offsets_work":true})");
  const SelfTestReport report = run_self_test(card, layer(), {.break_rules = true});
  EXPECT_EQ(verdict(report, "rule-4-mask-inside"), Verdict::kWorks);
  EXPECT_EQ(verdict(report, "rule-4-indices-inside"), Verdict::kWorks);
  EXPECT_EQ(report.conduct(), Conduct::kSilent);
}

TEST_F(SelfTestTest, SeesWhetherChunksGiveTheVeryRowsOfDecoding) {
  Card& card = open(R"({"quiet":true})");
  const SelfTestReport same = run_self_test(card, layer());
  EXPECT_EQ(verdict(same, "chunk-rows-same"), Verdict::kPassed) << same.check("chunk-rows-same")->detail;
  EXPECT_TRUE(same.chunks_equal_decodes());
  const SelfTestReport unknown = run_self_test(card, layer(32));
  EXPECT_EQ(verdict(unknown, "chunk-rows-same"), Verdict::kSkipped);
  EXPECT_FALSE(unknown.chunks_equal_decodes());
}

TEST_F(SelfTestTest, TrustsACardThatRoundsOtherwiseInChunksAndSaysSo) {
  Card& card = open(R"({"quiet":true,"faults":"corrupt:corruption=rounding,tensor=output"})");
  const SelfTestReport report = run_self_test(card, layer());
  EXPECT_NO_THROW(require_passed(report));
  EXPECT_EQ(verdict(report, "chunk-output-later"), Verdict::kPassed);
  EXPECT_EQ(verdict(report, "chunk-rows-same"), Verdict::kWorks);
  EXPECT_THAT(report.check("chunk-rows-same")->detail, HasSubstr("Tokens are not guessed."));
  EXPECT_FALSE(report.chunks_equal_decodes());
  EXPECT_FALSE(SelfTestReport{}.chunks_equal_decodes());
}

TEST_F(SelfTestTest, SmallChunksGiveNoHiddenStates) {
  {
    Card& strict = open(R"({"quiet":true})");
    const SelfTestReport report = run_self_test(strict, layer(32), {.break_rules = true});
    EXPECT_EQ(verdict(report, "chunk-equals-decode"), Verdict::kPassed);
    EXPECT_EQ(verdict(report, "chunk-output"), Verdict::kSkipped);
    EXPECT_EQ(verdict(report, "rule-8-small-chunk"), Verdict::kRefused);
  }
}

TEST_F(SelfTestTest, SmallChunksAreSilentlyWrongOnALenientCard) {
  Card& card = open(R"({"quiet":true,"mode":"lenient"})");
  const SelfTestReport report = run_self_test(card, layer(32), {.break_rules = true});
  EXPECT_EQ(verdict(report, "rule-8-small-chunk"), Verdict::kWrong);
}

TEST_F(SelfTestTest, BreaksNoRuleUnlessAsked) {
  Card& card = open("{}");
  const SelfTestReport report = run_self_test(card, layer());
  EXPECT_EQ(report.check("rule-2-size"), nullptr);
  EXPECT_EQ(report.conduct(), Conduct::kUnknown);
}

/// One way in which a card computes nonsense without saying so, and the check that sees it.
struct Misbehaviour {
  const char* name;
  const char* fault;
  const char* check;
};

class SelfTestOfBadCards : public SelfTestTest, public ::testing::WithParamInterface<Misbehaviour> {};

TEST_P(SelfTestOfBadCards, NamesTheCheckThatFailed) {
  Card& card = open(std::string(R"({"quiet":true,"faults":")") + GetParam().fault + "\"}");
  const SelfTestReport report = run_self_test(card, layer());
  ASSERT_NE(report.first_failure(), nullptr);
  EXPECT_EQ(report.first_failure()->name, GetParam().check) << report.first_failure()->detail;
  const base::Error error = error_of([&] { require_passed(report); });
  EXPECT_EQ(error.code(), base::ErrorCode::kDevice);
  EXPECT_THAT(error.message(), HasSubstr(GetParam().check));
  EXPECT_THAT(error.message(), HasSubstr("_l0_"));
}

INSTANTIATE_TEST_SUITE_P(
    Each, SelfTestOfBadCards,
    ::testing::Values(Misbehaviour{"NanInTheOutput", "corrupt:corruption=nan,tensor=output", "zeroed-cache"},
                      Misbehaviour{"ZeroesEverywhere", "corrupt:corruption=zero", "inputs-read"},
                      Misbehaviour{"ANoisyKey", "corrupt:corruption=noise,tensor=K_cache_out,at=1",
                                   "repeatable"},
                      Misbehaviour{"SometimesNoise", "corrupt:corruption=noise,at=2", "repeatable"}),
    [](const auto& instance) { return instance.param.name; });

/// Calls that cost what they do over a bus.
constexpr const char* kSlowCalls = R"("timing":{"call_us":200})";

TEST_F(SelfTestTest, ChoosesToGiveWorkAtOnceWhereThatIsRightAndCallsCostSomething) {
  for (const char* mode : {"strict", "lenient"}) {
    Card& card = open(std::string(R"({"quiet":true,"mode":")") + mode + "\"," + kSlowCalls + "}");
    const SelfTestReport report = run_self_test(card, layer());
    EXPECT_TRUE(report.asynchronous()) << report.check("asynchronous")->detail;
    EXPECT_EQ(verdict(report, "asynchronous"), Verdict::kPassed);
  }
}

TEST_F(SelfTestTest, MakesCallsOneByOneWhereTheyCostNothing) {
  Card& card = open(R"({"quiet":true})");
  const SelfTestReport report = run_self_test(card, layer());
  EXPECT_FALSE(report.asynchronous());
  EXPECT_EQ(verdict(report, "asynchronous"), Verdict::kWorks);
  EXPECT_THAT(report.check("asynchronous")->detail, HasSubstr("Calls are made one by one."));
  EXPECT_EQ(report.conduct(), Conduct::kUnknown);
}

/// What is wrong with a card's streams, and what is said of it. The card is trusted all the same.
struct BadStream {
  const char* name;
  const char* fault;
  Verdict verdict;
  const char* detail;
};

class SelfTestOfBadStreams : public SelfTestTest, public ::testing::WithParamInterface<BadStream> {};

TEST_P(SelfTestOfBadStreams, ChoosesToMakeCallsOneByOne) {
  int seed = 0;  // another one makes it another list of faults, whose counts begin anew
  for (const char* mode : {"strict", "lenient"}) {
    Card& card = open(std::string(R"({"quiet":true,"mode":")") + mode + R"(","faults":")" + GetParam().fault +
                      ",seed=" + std::to_string(++seed) + "\"}");
    const SelfTestReport report = run_self_test(card, layer());
    EXPECT_FALSE(report.asynchronous());
    EXPECT_EQ(verdict(report, "asynchronous"), GetParam().verdict);
    EXPECT_THAT(report.check("asynchronous")->detail,
                ::testing::AllOf(HasSubstr(GetParam().detail), HasSubstr("Calls are made one by one.")));
    EXPECT_EQ(report.conduct(), Conduct::kUnknown);
    EXPECT_NO_THROW(require_passed(report));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, SelfTestOfBadStreams,
    ::testing::Values(
        BadStream{"LosesACopy", "lost_work:at=47", Verdict::kWrong, "gives other results"},
        BadStream{"LosesAnExecution", "lost_work:at=4", Verdict::kWrong, "gives other results"},
        BadStream{"LosesWorkLater", "lost_work:at=200", Verdict::kWrong, "gives other results"},
        BadStream{"SwapsTwoPieces", "reordered_work:at=8", Verdict::kWrong, "gives other results"},
        BadStream{"SwapsAllPieces", "reordered_work:times=0", Verdict::kWrong, "gives other results"},
        BadStream{"ReturnsBeforeTheLastPieceIsDone", "late_work:at=128", Verdict::kWrong,
                  "gives other results"},
        BadStream{"IsAlwaysAPieceBehind", "late_work:times=0", Verdict::kWrong, "gives other results"},
        BadStream{"TakesNoWork", "submit_error:times=0", Verdict::kRefused, "0x80300303"},
        BadStream{"TakesNotSoMuchWork", "submit_error:at=100", Verdict::kRefused, "0x80300303"}),
    [](const auto& instance) { return instance.param.name; });

TEST_F(SelfTestTest, MakesCallsOneByOneWhereTheRuntimeHasNoStreams) {
  const fs::path file = layer();
  RuntimeOptions options;
  options.library = fs::path(AXLLAMA_BINARY_DIR) / "lib/softcard-2x/libaxcl_rt.so";
  Card card(Runtime::open(options), 0);
  const SelfTestReport report = run_self_test(card, file);
  EXPECT_EQ(report.first_failure(), nullptr);
  EXPECT_FALSE(report.asynchronous());
  EXPECT_EQ(verdict(report, "asynchronous"), Verdict::kSkipped);
}

TEST_F(SelfTestTest, AFailingExecutionIsAnErrorOfTheCard) {
  Card& card = open(R"({"quiet":true,"faults":"execute_error:at=3"})");
  const base::Error error = error_of([&] { run_self_test(card, layer()); });
  EXPECT_EQ(error.code(), base::ErrorCode::kDevice);
  EXPECT_THAT(error.message(), HasSubstr("0x8030070C"));
}

TEST_F(SelfTestTest, HasNothingToSayAboutACardThatComputesNothing) {
  Card& card = open(R"({"quiet":true,"compute":"null"})");
  const SelfTestReport report = run_self_test(card, layer());
  ASSERT_EQ(report.checks.size(), 1U);
  EXPECT_EQ(report.checks[0].verdict, Verdict::kSkipped);
  EXPECT_EQ(report.first_failure(), nullptr);
  EXPECT_EQ(card.counters().executes, 0U);
}

TEST_F(SelfTestTest, IsDoneOnceForALayerAndAgainAfterAFailure) {
  Card& card = open(R"({"quiet":true,"faults":"corrupt:times=20"})");
  const fs::path file = layer();
  EXPECT_NE(self_test_once(card, file)->first_failure(), nullptr);
  while (self_test_once(card, file)->first_failure() != nullptr) {
  }
  const std::uint64_t executes = card.counters().executes;
  EXPECT_EQ(self_test_once(card, file)->first_failure(), nullptr);
  EXPECT_EQ(card.counters().executes, executes) << "a passed test is remembered";
}

TEST_F(SelfTestTest, LeavesNothingOnTheCard) {
  Card& card = open(R"({"quiet":true})");
  const auto before = card.properties()->cmm_free_bytes;
  run_self_test(card, layer(), {.break_rules = true});
  EXPECT_EQ(card.properties()->cmm_free_bytes, before);
}

}  // namespace
}  // namespace axllama::axcl
