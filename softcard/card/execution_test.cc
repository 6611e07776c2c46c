#include "softcard/card/execution.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "softcard/card/error.h"
#include "softcard/card/fake_card.h"

namespace axllama::softcard {
namespace {

using namespace testing;  // the fakes of this room
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::uint16_t kNan = 0xFFFF;
const std::vector<std::uint16_t> kRow = {1, 2, 3, 4, 5, 6, 7, 8};

Settings lenient() {
  return {.mode = Mode::kLenient};
}

std::int32_t code_of(const Execution& execution) {
  try {
    run(execution, {});
    return 0;
  } catch (const CardError& error) {
    return error.code();
  }
}

TEST(ExecutionTest, ReadsAndWritesCardMemoryInPlace) {
  FakeCard card;
  BoundLayer layer(card, kDecodeGroup);
  card.write(layer.in[kInput].address, kRow);
  card.write(layer.in[kMask].address, std::vector<std::uint16_t>(kSlots + 1, 0xC780));
  card.write(layer.in[kIndices].address, {9, 0});
  const std::uint64_t slot = layer.in[kKCache].address + 3 * kKv * 2;
  layer.io().bind(Side::kOutput, kKOut, slot, layer.out[kKOut].size);
  layer.run();
  EXPECT_THAT(card.read(layer.out[kOutput].address, 8), ElementsAre(0xC780, 9, 3, 4, 5, 6, 7, 8));
  EXPECT_THAT(card.read(slot, 4), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(card.read(slot - 8, 4), Each(0));
  EXPECT_THAT(card.read(slot + 8, 4), Each(0));
}

TEST(ExecutionTest, SmallChunksLeaveTheHiddenStateUntouchedInBothModes) {
  for (const Mode mode : {Mode::kStrict, Mode::kLenient}) {
    FakeCard card({.mode = mode});
    BoundLayer layer(card, kSmallGroup);
    card.write(layer.in[kInput].address, kRow);
    card.write(layer.out[kOutput].address, std::vector<std::uint16_t>(kSmallRows * kHidden, 0x1234));
    layer.run();
    if (mode == Mode::kStrict) {
      EXPECT_THROW(card.read(layer.out[kOutput].address, 1), CardError);
    } else {
      EXPECT_THAT(card.read(layer.out[kOutput].address, kSmallRows * kHidden), Each(0x1234));
    }
    EXPECT_EQ(card.services().reports.all().back().rule, 8);
    EXPECT_THAT(card.read(layer.out[kKOut].address, 4), ElementsAre(1, 2, 3, 4));
  }
}

TEST(ExecutionTest, AddressesThatAreNotCardMemoryAreErrorsInBothModes) {
  for (const Mode mode : {Mode::kStrict, Mode::kLenient}) {
    FakeCard card({.mode = mode});
    BoundLayer layer(card, kDecodeGroup);
    int host = 0;
    layer.io().bind(Side::kInput, kInput, reinterpret_cast<std::uintptr_t>(&host), layer.in[kInput].size);
    EXPECT_EQ(code_of(layer.execution()), code::kNotDeviceMemory);
    EXPECT_THAT(card.services().reports.all().back().text, HasSubstr("Tensor input of model"));
  }
}

TEST(ExecutionTest, AFreedBufferIsAnError) {
  FakeCard card;
  BoundLayer layer(card, kDecodeGroup);
  card.device().memory().release(layer.in[kMask].address);
  EXPECT_EQ(code_of(layer.execution()), code::kNotDeviceMemory);
}

TEST(ExecutionTest, RefusesGroupsAndObjectsThatAreNotTheModels) {
  FakeCard card;
  const BoundLayer layer(card, kDecodeGroup);
  EXPECT_THROW(layer.execution(kFirstGroup + 1), CardError);
  const auto head = card.load("head");
  EXPECT_THROW(Execution(head, 0, std::make_shared<IoObject>(1, layer.execution().model->shape())),
               CardError);
  EXPECT_THROW(Execution(head, 0, std::make_shared<IoObject>(0, nullptr)), CardError);
}

TEST(ExecutionTest, CountsByModelAndGroup) {
  FakeCard card;
  const BoundLayer layer(card, kDecodeGroup);
  const BoundLayer chunk(card, kLargeGroup);
  layer.run();
  layer.run();
  chunk.run();
  EXPECT_EQ(card.services().counters.to_json().at("executions").at("by_group"),
            (nlohmann::json{{"0", 2}, {"2", 1}}));
}

// What the hardware does silently.

TEST(LenientExecutionTest, AMaskInsideABlockStaysAsItWasFirst) {
  for (const bool works : {false, true}) {
    auto settings = lenient();
    settings.lenient_offsets_work = works;
    FakeCard card(settings);
    BoundLayer layer(card, kDecodeGroup);
    const std::size_t columns = kSlots + 1;
    const std::uint64_t table = card.allocate(10 * columns * 2);
    std::vector<std::uint16_t> masks(10 * columns);
    for (std::size_t cell = 0; cell < masks.size(); ++cell) {
      masks[cell] = static_cast<std::uint16_t>(100 + cell / columns);
    }
    card.write(table, masks);
    layer.io().bind(Side::kInput, kMask, table + 1 * columns * 2, columns * 2);
    layer.run();
    EXPECT_EQ(card.read(layer.out[kOutput].address, 1)[0], 101);
    layer.io().bind(Side::kInput, kMask, table + 2 * columns * 2, columns * 2);
    layer.run();
    EXPECT_EQ(card.read(layer.out[kOutput].address, 1)[0], works ? 102 : 101);
  }
}

TEST(LenientExecutionTest, ChunkRowsAtAnOffsetLandAtTheStartOfTheBlock) {
  FakeCard card(lenient());
  BoundLayer layer(card, kLargeGroup);
  card.write(layer.in[kInput].address, kRow);
  const std::uint64_t block = card.allocate(4096 + layer.out[kKOut].size);
  layer.io().bind(Side::kOutput, kKOut, block + 4096, layer.out[kKOut].size);
  layer.run();
  EXPECT_THAT(card.read(block, 4), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(card.read(block + 4096, 4), Each(kNan));
}

TEST(LenientExecutionTest, InPlaceOutputComesOutMixedUp) {
  FakeCard card(lenient());
  BoundLayer layer(card, kDecodeGroup);
  card.write(layer.in[kInput].address, kRow);
  card.write(layer.in[kIndices].address, {9, 0});
  layer.io().bind(Side::kOutput, kOutput, layer.in[kInput].address, layer.in[kInput].size);
  layer.run();
  EXPECT_THAT(card.read(layer.in[kInput].address, 8), ElementsAre(5, 6, 7, 8, 0, 9, 3, 4));
}

TEST(LenientExecutionTest, GarbageInTheCacheBecomesNan) {
  FakeCard card(lenient());
  BoundLayer layer(card, kDecodeGroup);
  card.write(layer.in[kInput].address, kRow);
  layer.io().bind(Side::kInput, kVCache, card.allocate(layer.in[kVCache].size), layer.in[kVCache].size);
  layer.run();
  EXPECT_THAT(card.read(layer.out[kOutput].address, 8), Each(kNan));
  EXPECT_THAT(card.read(layer.out[kKOut].address, 4), ElementsAre(1, 2, 3, 4));
}

TEST(LenientExecutionTest, UnboundInputsAreGarbageAndUnboundOutputsAreLost) {
  FakeCard card(lenient());
  const BoundLayer bound(card, kDecodeGroup);
  const auto model = card.load("layer");
  const auto io = std::make_shared<IoObject>(model->id(), model->shape());
  io->bind(Side::kOutput, kOutput, bound.out[kOutput].address, bound.out[kOutput].size);
  run(Execution(model, kDecodeGroup, io), {});
  EXPECT_THAT(card.read(bound.out[kOutput].address, 8), Each(kNan));
  EXPECT_THAT(card.read(bound.out[kKOut].address, 4), Each(kNan));
}

TEST(LenientExecutionTest, BuffersOfTheLargestGroupServeEveryGroup) {
  FakeCard card(lenient());
  BoundLayer layer(card, kLargeGroup);
  card.write(layer.in[kInput].address, kRow);
  layer.run();
  run(layer.execution(kDecodeGroup), {});
  EXPECT_EQ(card.read(layer.out[kOutput].address, 8)[7], 8);
}

TEST(LenientExecutionTest, WhatIsTooShortIsReadAndWrittenAsFarAsItGoes) {
  FakeCard card(lenient());
  BoundLayer layer(card, kDecodeGroup);
  const std::uint64_t input = card.allocate(10);
  card.write(input, {1, 2, 3, 4, 5});
  layer.io().bind(Side::kInput, kInput, input, 10);
  const std::uint64_t output = card.allocate(12);
  layer.io().bind(Side::kOutput, kOutput, output, 12);
  layer.run();
  EXPECT_THAT(card.read(output, 6), ElementsAre(0, 0, 3, 4, 5, kNan));
}

}  // namespace
}  // namespace axllama::softcard
