#include "softcard/card/fault_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "softcard/card/error.h"
#include "softcard/card/fault_plan.h"
#include "softcard/card/reports.h"
#include "softcard/card/settings.h"

namespace axllama::softcard {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string complaint(std::string_view text) {
  try {
    parse_fault_list(text);
  } catch (const SettingsError& error) {
    return error.what();
  }
  return "";
}

TEST(FaultRuleTest, TextAndJsonSayTheSame) {
  const auto rules = parse_fault_list(
      "execute_error:at=5,code=0x8030070C,model=*_l3_*;offline:recovery=reboot;corrupt:probability=0.5,seed="
      "9,"
      "corruption=nan,tensor=output");
  ASSERT_THAT(rules, SizeIs(3));
  EXPECT_EQ(rules[0], parse_fault(nlohmann::json::parse(
                          R"({"kind":"execute_error","at":5,"code":"0x8030070C","model":"*_l3_*"})")));
  EXPECT_EQ(rules[0].times, 1U);
  EXPECT_EQ(rules[0].code, static_cast<std::int32_t>(0x8030070CU));
  EXPECT_EQ(rules[1].recovery, Recovery::kReboot);
  EXPECT_EQ(rules[1].times, 0U);
  EXPECT_EQ(rules[2].corruption, Corruption::kNan);
  EXPECT_DOUBLE_EQ(rules[2].probability, 0.5);
  EXPECT_THAT(parse_fault_list(""), IsEmpty());
}

TEST(FaultRuleTest, MistakesAreNamed) {
  EXPECT_THAT(complaint("explode"), HasSubstr("\"explode\""));
  EXPECT_THAT(complaint("hang:when=3"), HasSubstr("\"when\""));
  EXPECT_THAT(complaint("hang:at"), HasSubstr("field=value"));
  EXPECT_THAT(complaint("hang:at=soon"), HasSubstr("does not fit"));
  EXPECT_THAT(complaint("hang:at=0"), HasSubstr("counted from 1"));
  EXPECT_THAT(complaint("hang:probability=2"), HasSubstr("from 0 to 1"));
  EXPECT_THAT(complaint("execute_error:code=0xZZ"), HasSubstr("\"0xZZ\""));
  EXPECT_THAT(complaint("offline:recovery=prayer"), HasSubstr("\"prayer\""));
}

TEST(FaultRuleTest, PatternsMatchWholeNames) {
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("*_l3_*", "tiny_p64_l3_together.axmodel"));
  EXPECT_FALSE(matches("*_l3_*", "tiny_p64_l13_together.axmodel"));
  EXPECT_TRUE(matches("a?c", "abc"));
  EXPECT_FALSE(matches("a?c", "ac"));
  EXPECT_TRUE(matches("*post*", "x_post.axmodel"));
  EXPECT_FALSE(matches("post", "x_post"));
  EXPECT_TRUE(matches("a*b*c", "a--b-b--c"));
}

class FaultPlanTest : public ::testing::Test {
 protected:
  std::vector<int> strikes(int calls, const std::string& model = "m", std::int32_t device = 1) {
    std::vector<int> result;
    for (int call = 1; call <= calls; ++call) {
      if (!plan.strike(FaultPoint::kExecute, device, model).empty()) {
        result.push_back(call);
      }
    }
    return result;
  }

  Reports reports;
  FaultPlan plan{reports};
  void SetUp() override { reports.set_quiet(true); }
};

TEST_F(FaultPlanTest, AtAloneIsThatOneCall) {
  plan.set_rules(parse_fault_list("execute_error:at=3"));
  EXPECT_THAT(strikes(6), ElementsAre(3));
  EXPECT_THAT(reports.all(), SizeIs(1));
}

TEST_F(FaultPlanTest, TimesLimitsAndZeroDoesNot) {
  plan.set_rules(parse_fault_list("execute_error:at=2,times=2"));
  EXPECT_THAT(strikes(5), ElementsAre(2, 3));
  plan.set_rules(parse_fault_list("execute_error:at=4,times=0"));
  EXPECT_THAT(strikes(6), ElementsAre(4, 5, 6));
  plan.set_rules(parse_fault_list("execute_error"));
  EXPECT_THAT(strikes(2), ElementsAre(1, 2));
}

TEST_F(FaultPlanTest, OnlyMatchingCallsCount) {
  plan.set_rules(parse_fault_list("execute_error:at=2,model=a*,device=1"));
  EXPECT_THAT(strikes(3, "b"), IsEmpty());
  EXPECT_THAT(strikes(3, "a", 2), IsEmpty());
  EXPECT_THAT(strikes(3, "a"), ElementsAre(2));
  EXPECT_TRUE(plan.strike(FaultPoint::kLoad, 1, "a").empty());
}

TEST_F(FaultPlanTest, TheSameSeedStrikesAtTheSameCalls) {
  plan.set_rules(parse_fault_list("execute_error:probability=0.3,seed=5"));
  const auto first = strikes(200);
  EXPECT_GT(first.size(), 30U);
  EXPECT_LT(first.size(), 90U);
  plan.set_rules({});
  plan.set_rules(parse_fault_list("execute_error:probability=0.3,seed=5"));
  EXPECT_EQ(strikes(200), first);
}

TEST_F(FaultPlanTest, TheSameRulesGoOnCounting) {
  plan.set_rules(parse_fault_list("execute_error:at=3"));
  EXPECT_THAT(strikes(2), IsEmpty());
  plan.set_rules(parse_fault_list("execute_error:at=3"));
  EXPECT_THAT(strikes(2), ElementsAre(1));
}

TEST_F(FaultPlanTest, OfflineCardsComeBackByWhatTheyNeed) {
  plan.set_offline(1, Recovery::kReset);
  plan.set_offline(2, Recovery::kReboot);
  plan.set_offline(3, Recovery::kNever);
  for (const std::int32_t card : {1, 2, 3}) {
    EXPECT_TRUE(plan.is_offline(card));
    plan.recover(card, Recovery::kReset);
    EXPECT_EQ(plan.is_offline(card), card != 1);
    plan.recover(card, Recovery::kReboot);
    EXPECT_EQ(plan.is_offline(card), card == 3);
  }
  plan.set_rules(parse_fault_list("hang"));
  EXPECT_FALSE(plan.is_offline(3));
}

}  // namespace
}  // namespace axllama::softcard
