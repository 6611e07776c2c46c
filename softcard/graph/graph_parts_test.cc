#include <cmath>
#include <cstdint>

#include <gtest/gtest.h>

#include "softcard/graph/mask_plan.h"
#include "softcard/graph/rope_table.h"
#include "softcard/graph/workspace.h"

namespace axllama::softcard {
namespace {

TEST(MaskPlanTest, HidesFromMinus9984Down) {
  EXPECT_FALSE(hides(0x0000));
  EXPECT_FALSE(hides(0x8000));
  EXPECT_FALSE(hides(0xC61B));
  EXPECT_TRUE(hides(0xC61C));
  EXPECT_TRUE(hides(0xC780));
  EXPECT_TRUE(hides(0xFF80));
  EXPECT_FALSE(hides(0xFF81)) << "NaN is not a hiding value";
  EXPECT_FALSE(hides(0xFFFF));
  EXPECT_FALSE(hides(0x7F80));
}

TEST(MaskPlanTest, GathersTheColumnsThatATileSees) {
  constexpr std::uint16_t kH = 0xC780;
  const std::vector<std::uint16_t> mask = {
      kH, 0,  kH, 0xBF80,  //
      kH, 0,  kH, kH,      //
      0,  kH, kH, kH,      //
  };
  const MaskPlan plan(mask, 3, 4, 2);
  ASSERT_EQ(plan.tiles().size(), 2U);
  const MaskPlan::Tile& first = plan.tiles()[0];
  EXPECT_EQ(first.columns, (std::vector<std::uint32_t>{1, 3}));
  EXPECT_EQ(first.rows, 2U);
  EXPECT_EQ(first.mask_stride, 16U);
  EXPECT_EQ(first.row_ends, (std::vector<std::uint32_t>{2, 1}));
  EXPECT_EQ(first.mask[1], -1.0F);
  EXPECT_EQ(first.mask[0], 0.0F);
  EXPECT_TRUE(std::isinf(first.mask[16 + 1]));
  EXPECT_TRUE(std::isinf(first.mask[2]));
  EXPECT_EQ(plan.tiles()[1].first_row, 2U);
  EXPECT_EQ(plan.tiles()[1].columns, (std::vector<std::uint32_t>{0}));
  EXPECT_EQ(count_active_rows(mask, 3, 4), 3U);
  const std::vector<std::uint16_t> padded = {0, kH, kH, kH, kH, kH};
  EXPECT_EQ(count_active_rows(padded, 3, 2), 1U);
  const std::vector<std::uint16_t> nothing(6, kH);
  EXPECT_EQ(count_active_rows(nothing, 3, 2), 1U);
}

TEST(MaskPlanTest, HidesWhatLiesBehindTheWindow) {
  using Columns = std::vector<std::uint32_t>;
  // Slots 0 to 3, of which three hold keys, and the rows of positions 3 and 4; each sees two keys.
  constexpr std::uint16_t kH = 0xC780;
  const std::vector<std::uint16_t> mask = {0, 0, 0, kH, 0, kH,  //
                                           0, 0, 0, kH, 0, 0};
  LookBack look_back{2, 4, {3, 4}};
  const MaskPlan plan(mask, 2, 6, 2, look_back);
  const MaskPlan::Tile& tile = plan.tiles().at(0);
  EXPECT_EQ(tile.columns, (Columns{2, 4, 5}));
  EXPECT_EQ(tile.row_ends, (Columns{2, 3}));
  EXPECT_TRUE(std::isinf(tile.mask[tile.mask_stride])) << "the second row does not see slot 2";
  MaskPlanCache cache;
  EXPECT_EQ(cache.plan(mask, 2, 6, 2, look_back).tiles().at(0).columns, (Columns{2, 4, 5}));
  look_back.window = 3;
  EXPECT_EQ(cache.plan(mask, 2, 6, 2, look_back).tiles().at(0).columns, (Columns{1, 2, 4, 5}));
  look_back.positions = {4, 5};
  EXPECT_EQ(cache.plan(mask, 2, 6, 2, look_back).tiles().at(0).columns, (Columns{2, 4, 5}));
  EXPECT_EQ(cache.plan(mask, 2, 6, 2).tiles().at(0).columns, (Columns{0, 1, 2, 4, 5}));
}

TEST(MaskPlanTest, TheCacheFollowsMaskAndShape) {
  constexpr std::uint16_t kH = 0xC780;
  using Columns = std::vector<std::uint32_t>;
  MaskPlanCache cache;
  std::vector<std::uint16_t> mask = {0, kH, 0, kH};
  EXPECT_EQ(cache.plan(mask, 2, 2, 2).tiles().at(0).columns, (Columns{0}));
  EXPECT_EQ(cache.plan(mask, 2, 2, 2).tiles().at(0).columns, (Columns{0}));
  EXPECT_EQ(cache.plan(mask, 2, 2, 1).tiles().size(), 2U);
  EXPECT_EQ(cache.plan(mask, 1, 4, 1).tiles().at(0).columns, (Columns{0, 2}));
  mask[3] = 0;
  EXPECT_EQ(cache.plan(mask, 1, 4, 1).tiles().at(0).columns, (Columns{0, 2, 3}));
  EXPECT_EQ(cache.plan(mask, 2, 2, 2).tiles().at(0).columns, (Columns{0, 1}));
  EXPECT_EQ(cache.plan(mask, 1, 2, 2).tiles().at(0).columns, (Columns{0}))
      << "the rest of the mask is padding";
}

TEST(RopeTableTest, IsSharedByEqualFrequenciesAndAccurate) {
  const std::vector<float> frequencies = {1.0F, 0.25F, 0.001F};
  const auto table = RopeTable::shared(frequencies, 100);
  EXPECT_EQ(RopeTable::shared(frequencies, 60), table);
  EXPECT_NE(RopeTable::shared(frequencies, 101), table);
  EXPECT_NE(RopeTable::shared({1.0F, 0.25F}, 100), table);
  for (std::size_t position = 0; position < 100; ++position) {
    for (std::size_t i = 0; i < 3; ++i) {
      const double angle = static_cast<double>(position) * static_cast<double>(frequencies[i]);
      ASSERT_NEAR(table->cosine(position)[i], std::cos(angle), 1e-5);
      ASSERT_NEAR(table->sine(position)[i], std::sin(angle), 1e-5);
    }
  }
}

TEST(WorkspaceCacheTest, LendsAWorkspaceToOneUserAtATime) {
  const auto cache = WorkspaceCache::shared();
  EXPECT_EQ(cache, WorkspaceCache::shared());
  std::shared_ptr<Workspace> a = cache->borrow();
  const std::shared_ptr<Workspace> b = cache->borrow();
  EXPECT_NE(a, b);
  const Workspace* first = a.get();
  const ActivationRows rows = a->rows(Workspace::kKey, 3, 70);
  EXPECT_EQ(rows.stride, 144U);
  rows.row(2)[143] = 1.0F;
  a.reset();
  EXPECT_EQ(cache->borrow().get(), first);
}

}  // namespace
}  // namespace axllama::softcard
