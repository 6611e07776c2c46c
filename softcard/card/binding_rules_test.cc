#include "softcard/card/binding_rules.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "softcard/card/error.h"
#include "softcard/card/fake_card.h"

namespace axllama::softcard {
namespace {

using namespace testing;  // the fakes of this room
using ::testing::HasSubstr;

/// One way of breaking one rule.
struct Violation {
  std::string name;
  int rule;
  std::string tensor;
  std::uint32_t group;
  std::function<void(FakeCard&, BoundLayer&)> break_it;
};

void bind_inside(FakeCard& card, BoundLayer& layer, Side side, std::size_t index, std::uint64_t offset) {
  const auto size = (side == Side::kInput ? layer.in : layer.out)[index].size;
  const std::uint64_t block = card.allocate(size + offset);
  fill(card.device(), resolve_range(card.device(), reinterpret_cast<void*>(block), size + offset, "x"), 0);
  layer.io().bind(side, index, block + offset, size);
}

const std::vector<Violation>& violations() {
  static const std::vector<Violation> list = {
      {"InputWithTooFewBytes", 2, "mask", kDecodeGroup,
       [](FakeCard&, BoundLayer& l) {
         l.io().bind(Side::kInput, kMask, l.in[kMask].address, l.in[kMask].size - 2);
       }},
      {"OutputWithTooManyBytes", 2, "output", kDecodeGroup,
       [](FakeCard& c, BoundLayer& l) { l.io().bind(Side::kOutput, kOutput, c.allocate(4096), 4096); }},
      {"MaskInsideABlock", 4, "mask", kDecodeGroup,
       [](FakeCard& c, BoundLayer& l) { bind_inside(c, l, Side::kInput, kMask, 64); }},
      {"IndicesInsideABlock", 4, "indices", kLargeGroup,
       [](FakeCard& c, BoundLayer& l) { bind_inside(c, l, Side::kInput, kIndices, 4); }},
      {"ChunkRowsInsideABlock", 5, "K_cache_out", kLargeGroup,
       [](FakeCard& c, BoundLayer& l) { bind_inside(c, l, Side::kOutput, kKOut, 4096); }},
      {"ChunkRowsInTheCache", 5, "V_cache_out", kSmallGroup,
       [](FakeCard&, BoundLayer& l) {
         l.io().bind(Side::kOutput, kVOut, l.in[kVCache].address, l.out[kVOut].size);
       }},
      {"OutputIsInput", 6, "output", kDecodeGroup,
       [](FakeCard&, BoundLayer& l) {
         l.io().bind(Side::kOutput, kOutput, l.in[kInput].address, l.in[kInput].size);
       }},
      {"RowsInTheOtherCache", 6, "K_cache_out", kDecodeGroup,
       [](FakeCard&, BoundLayer& l) {
         l.io().bind(Side::kOutput, kKOut, l.in[kVCache].address, l.out[kKOut].size);
       }},
      {"TwoOutputsInOnePlace", 6, "V_cache_out", kDecodeGroup,
       [](FakeCard&, BoundLayer& l) {
         l.io().bind(Side::kOutput, kVOut, l.out[kKOut].address, l.out[kVOut].size);
       }},
      {"CacheNeverZeroed", 7, "K_cache", kDecodeGroup,
       [](FakeCard& c, BoundLayer& l) {
         l.io().bind(Side::kInput, kKCache, c.allocate(l.in[kKCache].size), l.in[kKCache].size);
       }},
      {"HalfTheMaskNeverWritten", 7, "mask", kLargeGroup,
       [](FakeCard& c, BoundLayer& l) {
         const auto at = c.allocate(l.in[kMask].size);
         fill(c.device(), resolve_range(c.device(), reinterpret_cast<void*>(at), l.in[kMask].size / 2, "x"),
              0);
         l.io().bind(Side::kInput, kMask, at, l.in[kMask].size);
       }},
  };
  return list;
}

class BindingRulesTest : public ::testing::TestWithParam<Violation> {};

TEST_P(BindingRulesTest, StrictModeNamesRuleModelTensorAndGroup) {
  FakeCard card;
  BoundLayer layer(card, GetParam().group);
  layer.run();  // all is well before
  GetParam().break_it(card, layer);
  card.services().reports.clear();
  try {
    layer.run();
    FAIL() << "the broken rule went unnoticed";
  } catch (const CardError& error) {
    EXPECT_EQ(error.code(), code::kEngineIllegal);
  }
  const auto reports = card.services().reports.all();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].rule, GetParam().rule);
  EXPECT_EQ(reports[0].tensor, GetParam().tensor);
  EXPECT_EQ(reports[0].model, layer.model().shape()->name);
  EXPECT_EQ(reports[0].group, static_cast<std::int32_t>(GetParam().group));
  for (const std::string& part : {"rule " + std::to_string(GetParam().rule), GetParam().tensor,
                                  reports[0].model, "group " + std::to_string(GetParam().group)}) {
    EXPECT_THAT(reports[0].text, HasSubstr(part));
  }
}

TEST_P(BindingRulesTest, LenientModeGoesOnAndReports) {
  FakeCard card({.mode = Mode::kLenient});
  BoundLayer layer(card, GetParam().group);
  GetParam().break_it(card, layer);
  layer.run();
  const auto reports = card.services().reports.all();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].rule, GetParam().rule);
}

INSTANTIATE_TEST_SUITE_P(Each, BindingRulesTest, ::testing::ValuesIn(violations()),
                         [](const auto& instance) { return instance.param.name; });

TEST(BindingRuleOneTest, EveryInputAndOutputMustBeBound) {
  FakeCard card;
  const BoundLayer bound(card, kDecodeGroup);
  const auto model = card.load("layer");
  for (const Side side : {Side::kInput, Side::kOutput}) {
    const auto& bindings = side == Side::kInput ? bound.in : bound.out;
    for (std::size_t missing = 0; missing < bindings.size(); ++missing) {
      const auto io = std::make_shared<IoObject>(model->id(), model->shape());
      for (const Side bind_side : {Side::kInput, Side::kOutput}) {
        const auto& list = bind_side == Side::kInput ? bound.in : bound.out;
        for (std::size_t index = 0; index < list.size(); ++index) {
          if (bind_side != side || index != missing) {
            io->bind(bind_side, index, list[index].address, list[index].size);
          }
        }
      }
      const auto reports = check_binding_rules(Execution(model, kDecodeGroup, io));
      ASSERT_EQ(reports.size(), 1U);
      EXPECT_EQ(reports[0].rule, 1);
      const auto& tensors = side == Side::kInput ? model->shape()->inputs : model->shape()->outputs;
      EXPECT_EQ(reports[0].tensor, tensors[missing].name);
    }
  }
}

TEST(BindingRuleThreeTest, AnObjectStaysWithTheSizesOfItsFirstGroup) {
  FakeCard card;
  BoundLayer layer(card, kDecodeGroup);
  layer.run();
  const BoundLayer other(card, kLargeGroup);
  for (std::size_t index = 0; index < other.in.size(); ++index) {
    layer.io().bind(Side::kInput, index, other.in[index].address, other.in[index].size);
  }
  for (std::size_t index = 0; index < other.out.size(); ++index) {
    layer.io().bind(Side::kOutput, index, other.out[index].address, other.out[index].size);
  }
  const auto reports = check_binding_rules(layer.execution(kLargeGroup));
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].rule, 3);
  EXPECT_THAT(reports[0].text, HasSubstr("group 0"));
}

TEST(BindingRuleEightTest, UsingAnOutputThatASmallChunkLeftUntouchedIsNamed) {
  FakeCard card;
  const BoundLayer small(card, kSmallGroup);
  BoundLayer next(card, kSmallGroup);
  small.run();
  next.io().bind(Side::kInput, kInput, small.out[kOutput].address, small.out[kOutput].size);
  const auto reports = check_binding_rules(next.execution());
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].rule, 8);
  EXPECT_EQ(reports[0].tensor, "input");

  const BoundLayer large(card, kLargeGroup);
  BoundLayer after(card, kLargeGroup);
  large.run();
  after.io().bind(Side::kInput, kInput, large.out[kOutput].address, large.out[kOutput].size);
  EXPECT_TRUE(check_binding_rules(after.execution()).empty());
}

TEST(BindingRulesTest, DecodeRowsInTheirSlotAreFine) {
  FakeCard card;
  BoundLayer layer(card, kDecodeGroup);
  const std::uint64_t slot = 5 * kKv * 2;
  layer.io().bind(Side::kOutput, kKOut, layer.in[kKCache].address + slot, layer.out[kKOut].size);
  layer.io().bind(Side::kOutput, kVOut, layer.in[kVCache].address + slot, layer.out[kVOut].size);
  EXPECT_TRUE(check_binding_rules(layer.execution()).empty());
}

TEST(BindingRulesTest, AHeadMayFollowALayer) {
  FakeCard card;
  const BoundLayer layer(card, kDecodeGroup);
  layer.run();
  const auto head = card.load("head");
  const auto io = std::make_shared<IoObject>(head->id(), head->shape());
  io->bind(Side::kInput, 0, layer.out[kOutput].address, layer.out[kOutput].size);
  io->bind(Side::kOutput, 0, card.allocate(FakeHead::kVocab * 2), FakeHead::kVocab * 2);
  EXPECT_TRUE(check_binding_rules(Execution(head, 0, io)).empty());
}

}  // namespace
}  // namespace axllama::softcard
