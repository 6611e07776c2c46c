#include "base/base64.h"

#include <gtest/gtest.h>

namespace axllama::base {
namespace {

TEST(Base64, IsThatOfTheStandard) {
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(to_base64("foo"), "Zm9v");
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64(std::string_view("\xFB\xFF\x00", 3)), "+/8A");
}

TEST(Base64, IsUndone) {
  for (const std::string_view bytes : {"", "f", "fo", "foo", "foobar"}) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  }
  EXPECT_EQ(from_base64("+/8A"), std::string("\xFB\xFF\x00", 3));
  for (const std::string_view wrong : {"Zg", "Zg=", "Z===", "====", "Zg=v", "Zm9v Zg=", "Zm9-"}) {
    EXPECT_EQ(from_base64(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace axllama::base
