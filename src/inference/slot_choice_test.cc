#include "inference/slot_choice.h"

#include <vector>

#include <gtest/gtest.h>

namespace axllama::inference {
namespace {

using Slots = std::vector<SlotView>;

TEST(ChooseSlot, GoesOnWithTheConversation) {
  const Slots slots = {{.size = 100, .common = 20, .last_used = 5},
                       {.size = 80, .common = 80, .last_used = 2},
                       {.size = 0, .last_used = 9}};
  EXPECT_EQ(choose_slot(slots, true), 1U);
  // Another attempt at the last answer.
  EXPECT_EQ(choose_slot(Slots{{.size = 100, .common = 60, .last_used = 1}, {}}, true), 0U);
}

TEST(ChooseSlot, OfTwoEqualOnesTheLatest) {
  EXPECT_EQ(choose_slot(Slots{{.size = 50, .common = 50, .last_used = 3},
                              {.size = 50, .common = 50, .last_used = 7},
                              {.size = 50, .common = 50, .last_used = 5}},
                        true),
            1U);
}

TEST(ChooseSlot, KeepsAConversationThatOnlyBeginsAlike) {
  // Only the system prompt is shared, though it is most of what is cached.
  const SlotView other{.size = 800, .common = 500, .pinned = 500, .last_used = 9};
  EXPECT_EQ(choose_slot(Slots{other, {.size = 0}}, false), 1U);
  EXPECT_EQ(choose_slot(Slots{other}, true), std::nullopt);
  EXPECT_EQ(choose_slot(Slots{other, {.size = 300, .common = 3, .last_used = 4}}, false), 1U);
  EXPECT_EQ(choose_slot(Slots{other}, false), 0U);
  // As does the first word.
  EXPECT_EQ(choose_slot(Slots{{.size = 800, .common = 510, .pinned = 500, .last_used = 9}}, true),
            std::nullopt);
  EXPECT_EQ(choose_slot(Slots{{.size = 800, .common = 650, .pinned = 500, .last_used = 9}}, true), 0U);
  // Less than half: not the same conversation.
  EXPECT_EQ(choose_slot(Slots{{.size = 800, .common = 300, .last_used = 1}}, true), std::nullopt);
}

TEST(ChooseSlot, DoesNotKeepTrifles) {
  EXPECT_EQ(choose_slot(Slots{{.size = 510, .common = 500, .pinned = 500, .last_used = 1}}, true), 0U);
}

TEST(ChooseSlot, TakesTheOldestAndPinnedOnesLast) {
  Slots slots = {{.size = 10, .last_used = 3}, {.size = 10, .last_used = 1}, {.size = 10, .last_used = 2}};
  EXPECT_EQ(choose_slot(slots, true), std::nullopt);
  EXPECT_EQ(choose_slot(slots, false), 1U);
  slots[1].only_copy_of_pin = true;
  EXPECT_EQ(choose_slot(slots, false), 2U);
  slots[0].only_copy_of_pin = slots[2].only_copy_of_pin = true;
  EXPECT_EQ(choose_slot(slots, false), 1U);
}

TEST(ChooseSlot, LeavesBusyOnesAlone) {
  const Slots slots = {{.busy = true, .size = 100, .common = 100, .last_used = 9},
                       {.size = 10, .last_used = 1}};
  EXPECT_EQ(choose_slot(slots, false), 1U);
  EXPECT_EQ(choose_slot(Slots{slots[0]}, true), std::nullopt);
  EXPECT_EQ(choose_slot(Slots{slots[0]}, false), std::nullopt);
}

}  // namespace
}  // namespace axllama::inference
