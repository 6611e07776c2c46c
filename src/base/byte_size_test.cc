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

TEST(ByteSize, WritesDecimalUnits) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1500), "1.5 KB");
  EXPECT_EQ(human_bytes(523'000'000), "523 MB");
  EXPECT_EQ(human_bytes(4'700'000'000), "4.7 GB");
}

}  // namespace
}  // namespace axllama::base
