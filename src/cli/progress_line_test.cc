#include "cli/progress_line.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace axllama::cli {
namespace {

constexpr std::size_t kColumns = 80;

TEST(ProgressLine, BytesHaveARateAndATimeLeft) {
  EXPECT_EQ(progress_line("pulling 7f4030143c1c", {225'000'000, 522'000'000, 0, 20}, "", kColumns),
            "pulling 7f4030143c1c:  43% ▕███████           ▏ 225 MB/522 MB   11 MB/s     26s");
  EXPECT_EQ(progress_line("pulling 7f4030143c1c", {4'000'000, 9'400'000'000, 0, 1}, "", kColumns),
            "pulling 7f4030143c1c:   0% ▕                  ▏ 4.0 MB/9.4 GB  4.0 MB/s   39m9s");
}

TEST(ProgressLine, WhatWasThereBeforeWasNotFast) {
  EXPECT_EQ(progress_line("pulling ab", {300'000'000, 500'000'000, 200'000'000, 10}, "", kColumns),
            "pulling ab:  60% ▕████████████████            ▏ 300 MB/500 MB   10 MB/s     20s");
}

TEST(ProgressLine, WithoutARateThereIsNoTimeLeft) {
  const std::string none = "pulling ab:  50% ▕██████████████              ▏    5 B/  10 B                  ";
  EXPECT_EQ(progress_line("pulling ab", {5, 10, 5, 3}, "", kColumns), none);
  EXPECT_EQ(progress_line("pulling ab", {5, 10, 0, 0}, "", kColumns), none);
}

TEST(ProgressLine, ThingsAreCounted) {
  EXPECT_EQ(progress_line("loading", {12, 28, 0, 3}, "layers", kColumns),
            "loading:  42% ▕█████████████                  ▏  12/28 layers                4s");
  EXPECT_EQ(progress_line("compiling", {7, 8, 0, 3500}, "files", kColumns),
            "compiling:  87% ▕█████████████████████████    ▏     7/8 files             8m20s");
}

TEST(ProgressLine, MoreThanAllIsAll) {
  EXPECT_EQ(progress_line("x", {12, 10, 0, 3}, "files", kColumns),
            "x: 100% ▕█████████████████████████████████████▏   10/10 files                0s");
}

TEST(ProgressLine, AFinishedBarShowsTheTotalInTheSamePlace) {
  EXPECT_EQ(finished_line("pulling 7f4030143c1c", 522'000'000, "", kColumns),
            "pulling 7f4030143c1c: 100% ▕██████████████████▏ 522 MB");
  EXPECT_EQ(finished_line("converting model", 8, "files", kColumns),
            "converting model: 100% ▕██████████████████████▏ 8 files");
}

TEST(ProgressLine, FitsIntoEveryTerminalThatHoldsItsNumbers) {
  const std::string label = "copying file a-folder-with-a-long-name/größe-00001-of-00002.safetensors";
  for (std::size_t columns = 42; columns < 160; ++columns) {
    const std::string line = progress_line(label, {225'000'000, 522'000'000, 0, 20}, "", columns);
    EXPECT_EQ(base::utf8_length(line), columns - 1) << line;
    EXPECT_TRUE(base::is_valid_utf8(line)) << line;
  }
}

TEST(SpinnerLine, TurnsRound) {
  EXPECT_EQ(spinner_line("pulling manifest", 0, kColumns), "pulling manifest ⠋");
  EXPECT_EQ(spinner_line("pulling manifest", 1, kColumns), "pulling manifest ⠙");
  EXPECT_EQ(spinner_line("pulling manifest", 10, kColumns), "pulling manifest ⠋");
}

TEST(SpinnerLine, StaysInItsLine) {
  const std::string line = spinner_line("creating new layer sha256:" + std::string(64, 'a'), 0, kColumns);
  EXPECT_EQ(base::utf8_length(line), kColumns - 1);
  EXPECT_TRUE(line.starts_with("creating new layer sha256:aaa"));
  EXPECT_TRUE(line.ends_with("aaa ⠋"));
}

}  // namespace
}  // namespace axllama::cli
