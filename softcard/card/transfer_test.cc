#include "softcard/card/transfer.h"

#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "softcard/card/error.h"
#include "softcard/card/fake_card.h"

namespace axllama::softcard {
namespace {

using ::testing::ElementsAre;
using testing::FakeCard;
using ::testing::HasSubstr;

void* pointer(std::uint64_t address) {
  return reinterpret_cast<void*>(address);
}

std::int32_t copy(FakeCard& card, void* to, const void* from, std::uint64_t size, CopyKind kind) {
  try {
    plan_copy(card.device(), to, from, size, kind).perform(card.device());
    return 0;
  } catch (const CardError& error) {
    return error.code();
  }
}

TEST(TransferTest, CopiesEveryWayAndCountsBytes) {
  FakeCard card;
  std::vector<std::uint8_t> host(300);
  std::iota(host.begin(), host.end(), std::uint8_t{0});
  const auto a = card.allocate(1000);
  const auto b = card.allocate(1000);
  EXPECT_EQ(copy(card, pointer(a + 700), host.data(), 300, CopyKind::kHostToDevice), 0);
  EXPECT_EQ(copy(card, pointer(b), pointer(a + 710), 290, CopyKind::kDeviceToDevice), 0);
  std::vector<std::uint8_t> back(280);
  EXPECT_EQ(copy(card, back.data(), pointer(b + 10), 280, CopyKind::kDeviceToHost), 0);
  EXPECT_TRUE(std::equal(back.begin(), back.end(), host.begin() + 20));
  const Counters& counters = card.services().counters;
  EXPECT_EQ(counters.bytes(Transfer::kHostToDevice), 300U);
  EXPECT_EQ(counters.bytes(Transfer::kDeviceToDevice), 290U);
  EXPECT_EQ(counters.bytes(Transfer::kDeviceToHost), 280U);
}

TEST(TransferTest, EachSideMustBeOnItsSide) {
  FakeCard card;
  int host = 0;
  const auto block = card.allocate(64);
  EXPECT_EQ(copy(card, &host, &host, 4, CopyKind::kHostToDevice), code::kNotDeviceMemory);
  EXPECT_EQ(copy(card, pointer(block), pointer(block), 4, CopyKind::kHostToDevice), code::kMemoryIllegal);
  EXPECT_EQ(copy(card, &host, &host, 4, CopyKind::kDeviceToHost), code::kNotDeviceMemory);
  EXPECT_EQ(copy(card, pointer(block), pointer(block), 4, CopyKind::kDeviceToHost), code::kMemoryIllegal);
  EXPECT_EQ(copy(card, &host, pointer(block), 4, CopyKind::kDeviceToDevice), code::kNotDeviceMemory);
  EXPECT_EQ(copy(card, pointer(block), &host, 4, CopyKind::kDeviceToDevice), code::kNotDeviceMemory);
  EXPECT_THROW(copy_on_host(pointer(block), &host, 4), CardError);
}

TEST(TransferTest, SaysWhatIsWrongWithAnAddress) {
  Settings settings;
  settings.devices = {1, 2};
  FakeCard card(settings);
  char host = 0;
  const auto freed = card.allocate(64);
  card.device().memory().release(freed);
  const auto elsewhere = card.runtime().device(2)->memory().allocate(64, false)->address();
  for (const auto& [address, words] : {std::pair(pointer(freed), "nothing is allocated there"),
                                       std::pair(pointer(elsewhere), "belongs to another card"),
                                       std::pair(static_cast<void*>(&host), "looks like a host address")}) {
    EXPECT_EQ(copy(card, &host, address, 1, CopyKind::kDeviceToHost), code::kNotDeviceMemory);
    EXPECT_THAT(card.services().reports.all().back().text, HasSubstr(words));
  }
}

TEST(TransferTest, LeavingABlockIsAnErrorWhenStrictAndCutWhenLenient) {
  for (const Mode mode : {Mode::kStrict, Mode::kLenient}) {
    FakeCard card({.mode = mode});
    const auto from = card.allocate(16);
    const auto to = card.allocate(16);
    card.write(from, {1, 2, 3, 4, 5, 6, 7, 8});
    const std::int32_t result = copy(card, pointer(to + 8), pointer(from + 4), 64, CopyKind::kDeviceToDevice);
    EXPECT_EQ(result, mode == Mode::kStrict ? code::kMemoryIllegal : 0);
    EXPECT_THAT(card.services().reports.all().front().text, HasSubstr("leaves its block of 16 bytes"));
    if (mode == Mode::kLenient) {
      EXPECT_THAT(card.read(to + 8, 4), ElementsAre(3, 4, 5, 6));
      EXPECT_EQ(card.services().counters.bytes(Transfer::kDeviceToDevice), 8U);
    }
  }
}

TEST(TransferTest, GarbageStaysGarbageWhenCopied) {
  FakeCard card;
  const auto from = card.allocate(16);
  const auto to = card.allocate(16);
  copy(card, pointer(to), pointer(from), 16, CopyKind::kDeviceToDevice);
  EXPECT_FALSE(card.device().memory().find(to)->block->is_written(0, 1));
  card.write(from, std::vector<std::uint16_t>(8));
  copy(card, pointer(to), pointer(from), 16, CopyKind::kDeviceToDevice);
  EXPECT_TRUE(card.device().memory().find(to)->block->is_written(0, 16));
}

TEST(TransferTest, HostMemoryNotMadeForTransfersCostsExtra) {
  Settings settings;
  settings.timing.unpinned_us = 1000;
  settings.timing.copy_mb_per_s = 100;
  FakeCard card(settings);
  const auto block = card.allocate(4096);
  std::vector<char> ordinary(1000);
  void* const pinned = card.services().host_memory.allocate(1000);
  const auto microseconds = [&](const void* host) {
    const auto copy = plan_copy(card.device(), pointer(block), host, 1000, CopyKind::kHostToDevice);
    return std::chrono::duration<double, std::micro>(copy.time(card.device())).count();
  };
  EXPECT_NEAR(microseconds(pinned), 10, 1e-6);
  EXPECT_NEAR(microseconds(ordinary.data()), 1010, 1e-6);
  EXPECT_TRUE(card.services().host_memory.release(pinned));
  EXPECT_FALSE(card.services().host_memory.release(pinned));
}

}  // namespace
}  // namespace axllama::softcard
