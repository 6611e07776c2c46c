#include "softcard/card/address_space.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace axllama::softcard {
namespace {

constexpr std::uint64_t kBase = 0x140000000;
constexpr std::uint64_t kMib = 1ULL << 20U;

TEST(AddressSpaceTest, HandsOutPageAlignedCardAddressesFullOfNan) {
  AddressSpace space(kBase, 64 * kMib, 16 * kMib);
  for (const std::uint64_t size : std::vector<std::uint64_t>{1, 5000, 3 * kMib}) {
    const auto block = space.allocate(size, false);
    ASSERT_NE(block, nullptr);
    EXPECT_GE(block->address(), kBase);
    EXPECT_EQ(block->address() % AddressSpace::kPage, 0U);
    EXPECT_EQ(block->size(), size);
    EXPECT_TRUE(
        std::all_of(block->data(), block->data() + size, [](std::byte b) { return b == std::byte{0xFF}; }));
    EXPECT_FALSE(block->is_written(0, 1));
  }
}

TEST(AddressSpaceTest, FindsAddressesInsideABlockAndNotAtItsEnd) {
  AddressSpace space(kBase, 64 * kMib, 16 * kMib);
  const auto block = space.allocate(10000, false);
  const auto location = space.find(block->address() + 9999);
  ASSERT_TRUE(location);
  EXPECT_EQ(location->offset, 9999U);
  EXPECT_EQ(location->available(), 1U);
  EXPECT_FALSE(space.find(block->address() + 10000));
  EXPECT_FALSE(space.find(block->address() - 1));
}

TEST(AddressSpaceTest, NeighboursDoNotTouch) {
  AddressSpace space(kBase, 64 * kMib, 16 * kMib);
  const auto first = space.allocate(AddressSpace::kPage, false);
  const auto second = space.allocate(AddressSpace::kPage, false);
  EXPECT_GE(second->address(), first->address() + 2 * AddressSpace::kPage);
}

TEST(AddressSpaceTest, RefusesWhatTheQuotaDoesNotAllowAndForgetsWhatIsFreed) {
  AddressSpace space(kBase, 64 * kMib, 4 * kMib);
  const auto block = space.allocate(3 * kMib, false);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(space.allocate(2 * kMib, false), nullptr);
  EXPECT_EQ(space.allocate(100 * kMib, false), nullptr);
  EXPECT_EQ(space.allocate(0, false), nullptr);
  EXPECT_EQ(space.release(block->address() + 1), nullptr);
  EXPECT_EQ(space.release(block->address()), block);
  EXPECT_EQ(space.release(block->address()), nullptr);
  EXPECT_EQ(space.used(), 0U);
  EXPECT_NE(space.allocate(4 * kMib, false), nullptr);
}

TEST(AddressSpaceTest, ReservationsCountAgainstTheQuota) {
  AddressSpace space(kBase, 64 * kMib, 4 * kMib);
  EXPECT_TRUE(space.reserve(3 * kMib));
  EXPECT_FALSE(space.reserve(2 * kMib));
  EXPECT_EQ(space.allocate(2 * kMib, false), nullptr);
  space.unreserve(3 * kMib);
  EXPECT_NE(space.allocate(2 * kMib, false), nullptr);
}

TEST(AddressSpaceTest, FreedAddressesComeBackOnlyWhenTheWindowIsUsedUp) {
  AddressSpace space(kBase, 16 * AddressSpace::kPage, 16 * AddressSpace::kPage);
  const auto first = space.allocate(1, false)->address();
  space.release(first);
  for (int round = 0; round < 7; ++round) {
    const auto block = space.allocate(1, false);
    ASSERT_NE(block, nullptr);
    EXPECT_NE(block->address(), first);
    space.release(block->address());
  }
  EXPECT_EQ(space.allocate(1, false)->address(), first);
}

TEST(AddressSpaceTest, AFullWindowIsRefusedNotOverlapped) {
  AddressSpace space(kBase, 8 * AddressSpace::kPage, 64 * AddressSpace::kPage);
  std::vector<std::uint64_t> addresses;
  while (const auto block = space.allocate(AddressSpace::kPage, false)) {
    addresses.push_back(block->address());
  }
  EXPECT_EQ(addresses.size(), 4U);
  EXPECT_EQ(std::adjacent_find(addresses.begin(), addresses.end()), addresses.end());
  space.release(addresses[1]);
  const auto block = space.allocate(AddressSpace::kPage, false);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(block->address(), addresses[1]);
}

TEST(AddressSpaceTest, RemembersWhatWasWrittenAndWhatWasSkipped) {
  AddressSpace space(kBase, 64 * kMib, 16 * kMib);
  const auto block = space.allocate(100, false);
  block->mark_written(0, 50);
  EXPECT_TRUE(block->is_written(0, 50));
  EXPECT_EQ(block->first_unwritten(0, 100), 50U);
  block->mark_skipped(10, 10);
  EXPECT_EQ(block->first_unwritten(0, 50), 10U);
  EXPECT_TRUE(block->is_skipped(10));
  block->mark_written(10, 10);
  EXPECT_FALSE(block->is_skipped(10));
  EXPECT_TRUE(block->is_written(0, 50));
}

TEST(AddressSpaceTest, ALocationOutlivesTheFree) {
  AddressSpace space(kBase, 64 * kMib, 16 * kMib);
  const auto address = space.allocate(100, false)->address();
  const auto location = space.find(address + 7);
  space.release(address);
  EXPECT_EQ(*location->data(), std::byte{0xFF});
}

}  // namespace
}  // namespace axllama::softcard
