#include "base/byte_size.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace axllama::base {
namespace {

TEST(ByteSize, ReadsNumbersWithUnits) {
  EXPECT_EQ(parse_byte_size("0"), 0U);
  EXPECT_EQ(parse_byte_size("1234567"), 1234567U);
  EXPECT_EQ(parse_byte_size("12 B"), 12U);
  EXPECT_EQ(parse_byte_size("512MiB"), 512U << 20U);
  EXPECT_EQ(parse_byte_size("1.5 GiB"), 1610612736U);
  EXPECT_EQ(parse_byte_size("8g"), 8ULL << 30U);
  EXPECT_EQ(parse_byte_size(" 8GB "), 8'000'000'000U);
  EXPECT_EQ(parse_byte_size("3kB"), 3000U);
  EXPECT_EQ(parse_byte_size("2TiB"), 2ULL << 40U);
}

TEST(ByteSize, RefusesWhatIsNoSize) {
  for (const char* text :
       {"", "GiB", "-1", "8 apples", "1e30", "inf", "nan", "0x10", "1000000TiB", "1 2 xb"}) {
    EXPECT_THROW(parse_byte_size(text), Error) << text;
  }
}

}  // namespace
}  // namespace axllama::base
