#include "cli/status_display.h"

#include <gtest/gtest.h>

namespace axllama::cli {
namespace {

TEST(StatusDisplayTest, LinesNameSizesOrFiles) {
  EXPECT_EQ(status_line({{"status", "writing manifest"}}), "writing manifest");
  EXPECT_EQ(status_line({{"status", "pulling ab"}, {"digest", "sha256:ab"}, {"total", 523'000'000}}),
            "pulling ab: 523 MB");
  EXPECT_EQ(status_line({{"status", "converting model"}, {"digest", "convert"}, {"total", 12}}),
            "converting model: 12 files");
}

TEST(StatusDisplayTest, EachStatusIsShownOnce) {
  ::testing::internal::CaptureStderr();
  {
    StatusDisplay display;
    display.show({{"status", "pulling manifest"}});
    for (int done = 0; done <= 3; ++done) {
      display.show({{"status", "pulling ab"}, {"digest", "sha256:ab"}, {"total", 3}, {"completed", done}});
    }
    display.show({{"status", "writing manifest"}});
    display.show({{"status", "writing manifest"}});
    display.show({{"status", "success"}});
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "pulling manifest\npulling ab: 3 B\nwriting manifest\nsuccess\n");
}

}  // namespace
}  // namespace axllama::cli
