#include "softcard/kernels/huge_buffer.h"

#include <cstdint>
#include <limits>
#include <new>
#include <utility>

#include <gtest/gtest.h>

namespace axllama::softcard {
namespace {

TEST(HugeBufferTest, IsZeroedAndAligned) {
  for (const std::size_t bytes :
       {std::size_t{1}, std::size_t{5000}, std::size_t{1} << 20U, std::size_t{5'000'000}}) {
    HugeBuffer buffer(bytes);
    ASSERT_EQ(buffer.size(), bytes);
    const auto address = reinterpret_cast<std::uintptr_t>(buffer.data());
    EXPECT_EQ(address % 64, 0U);
    if (bytes >= (std::size_t{1} << 20U)) {
      EXPECT_EQ(address % (std::size_t{2} << 20U), 0U);
    }
    for (std::size_t i = 0; i < bytes; i += 997) ASSERT_EQ(buffer.data()[i], std::byte{0});
    buffer.data()[bytes - 1] = std::byte{7};
  }
}

TEST(HugeBufferTest, MovesAndEmpties) {
  HugeBuffer a(100);
  a.data()[3] = std::byte{5};
  HugeBuffer b(std::move(a));
  EXPECT_EQ(b.data()[3], std::byte{5});
  HugeBuffer c;
  EXPECT_EQ(c.data(), nullptr);
  c = std::move(b);
  EXPECT_EQ(c.size(), 100U);
  EXPECT_EQ(c.data()[3], std::byte{5});
  EXPECT_EQ(HugeBuffer(0).data(), nullptr);
}

TEST(HugeBufferTest, RefusesImpossibleSizes) {
  EXPECT_THROW(HugeBuffer{std::numeric_limits<std::size_t>::max()}, std::bad_alloc);
  EXPECT_THROW(HugeBuffer{std::size_t{1} << 60U}, std::bad_alloc);
}

}  // namespace
}  // namespace axllama::softcard
