#include "inference/prefill_plan.h"

#include <cstddef>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace axllama::inference {
namespace {

using model::PrefillGroup;

std::vector<PrefillGroup> ladder() {
  return {{1, 128, 0, 1}, {2, 128, 256, 256}, {3, 128, 512, 512}, {4, 128, 1024, 1024}};
}

/// All steps of a prompt as "group:rows" or "d" for a decode step.
std::string plan(const std::vector<PrefillGroup>& groups, const PrefillCosts& costs, std::size_t cached,
                 std::size_t total) {
  std::string text;
  while (cached < total) {
    const PrefillStep step = next_prefill_step(groups, costs, cached, total - cached);
    text += text.empty() ? "" : " ";
    text += step.group ? std::to_string(*step.group) + ":" + std::to_string(step.rows) : "d";
    cached += step.rows;
  }
  return text;
}

std::string plan(std::size_t cached, std::size_t total) {
  return plan(ladder(), PrefillCosts::guess(4), cached, total);
}

TEST(PrefillPlan, TakesTheSmallestGroupThatHoldsTheHistory) {
  EXPECT_EQ(plan(0, 128), "0:128");
  EXPECT_EQ(plan(0, 600), "0:128 1:128 1:128 2:128 2:88");
  EXPECT_EQ(plan(256, 300), "1:44");
  EXPECT_EQ(plan(257, 300), "2:43");
}

TEST(PrefillPlan, DecodesATailThatIsCheaperThatWay) {
  EXPECT_EQ(plan(0, 1), "d");
  EXPECT_EQ(plan(0, 2), "0:2");
  EXPECT_EQ(plan(0, 129), "0:128 d");
  EXPECT_EQ(plan(500, 501), "d");
}

TEST(PrefillPlan, DecodesWhereNoGroupReaches) {
  EXPECT_EQ(plan(1020, 1027), "3:7");
  EXPECT_EQ(plan(1025, 1028), "d d d");
  EXPECT_EQ(plan({}, PrefillCosts::guess(0), 0, 3), "d d d");
}

TEST(PrefillPlan, FollowsMeasuredCosts) {
  PrefillCosts costs = PrefillCosts::guess(4);
  costs.decode_step = 0.1;
  EXPECT_EQ(plan(ladder(), costs, 0, 130), "0:128 d d");
  EXPECT_EQ(plan(ladder(), costs, 0, 148), "0:128 1:20");
}

TEST(PrefillPlan, PrefersTheWidthThatCostsLessPerToken) {
  const std::vector<PrefillGroup> groups = {{1, 64, 0, 1}, {2, 128, 0, 1}, {3, 128, 512, 512}};
  PrefillCosts costs{1.0, {1.2, 1.9, 1.9}};
  EXPECT_EQ(plan(groups, costs, 0, 128), "1:128");
  EXPECT_EQ(plan(groups, costs, 0, 60), "0:60");
}

TEST(PrefillPlan, LeavesOutGroupsThatWriteNoHiddenState) {
  const std::vector<PrefillGroup> groups = {{1, 32, 0, 1}, {2, 64, 0, 1}, {3, 63, 128, 128}};
  EXPECT_EQ(usable_prefill_groups(groups), (std::vector<PrefillGroup>{{2, 64, 0, 1}}));
}

}  // namespace
}  // namespace axllama::inference
