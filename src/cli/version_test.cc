#include "cli/version.h"

#include <gtest/gtest.h>

namespace axllama::cli {
namespace {

TEST(Version, TellsTheServersAndWarnsWhenThisIsAnother) {
  EXPECT_EQ(version_text("1.2.0", "1.2.0"), "axllama version is 1.2.0");
  EXPECT_EQ(version_text("1.3.0", "1.2.0"), "axllama version is 1.3.0\nWarning: client version is 1.2.0");
  EXPECT_EQ(version_text("", "1.2.0"),
            "Warning: could not connect to a running Ollama instance\nWarning: client version is 1.2.0");
}

}  // namespace
}  // namespace axllama::cli
