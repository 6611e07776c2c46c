#include "cli/numbered_choice.h"

#include <gtest/gtest.h>

namespace axllama::cli {
namespace {

TEST(NumberedChoice, TakesNumbersTextsAndTheFirstByDefault) {
  const std::vector<std::string> entries{"qwen3:4b", "tiny"};
  EXPECT_EQ(chosen(entries, ""), 0U);
  EXPECT_EQ(chosen(entries, "1"), 0U);
  EXPECT_EQ(chosen(entries, "2"), 1U);
  EXPECT_EQ(chosen(entries, "tiny"), 1U);
  for (const char* none : {"0", "3", "qwen3", " ", "-1"}) EXPECT_FALSE(chosen(entries, none)) << none;
  EXPECT_FALSE(chosen({}, ""));
}

}  // namespace
}  // namespace axllama::cli
