// Blocks worked out by hand from the layouts: each value below can be checked with pencil and paper.

#include "compiler/ggml_blocks.h"

#include <cstring>
#include <initializer_list>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "softcard/weights/testing/weight_at.h"

namespace axllama::compiler {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

// binary16 values used as scales.
constexpr int kHalfOne = 0x3C00;
constexpr int kHalfTwo = 0x4000;
constexpr int kHalfMinusHalf = 0xB800;
constexpr int kHalfTenth = 0x2E66;  // 0.0999755859375

class BlockBytes {
 public:
  BlockBytes& f16(int bits) { return u8(bits & 0xFF).u8(bits >> 8); }
  BlockBytes& u8(int value, std::size_t times = 1) {
    bytes_.insert(bytes_.end(), times, static_cast<std::byte>(value));
    return *this;
  }
  BlockBytes& list(std::initializer_list<int> values) {
    for (const int value : values) u8(value);
    return *this;
  }
  std::vector<float> decode(GgmlType type) const {
    const GgmlBlock& block = *ggml_block(type);
    EXPECT_EQ(bytes_.size() % block.bytes, 0U);
    std::vector<float> values(bytes_.size() / block.bytes * block.elements);
    dequantize(type, bytes_, values);
    return values;
  }

 private:
  std::vector<std::byte> bytes_;
};

std::vector<float> slice(const std::vector<float>& values, std::size_t begin, std::size_t end) {
  return {values.begin() + static_cast<std::ptrdiff_t>(begin),
          values.begin() + static_cast<std::ptrdiff_t>(end)};
}

TEST(GgmlBlocks, HaveTheFormatsSizes) {
  const auto size = [](GgmlType type) {
    return std::pair{ggml_block(type)->elements, ggml_block(type)->bytes};
  };
  EXPECT_EQ(size(GgmlType::kF32), (std::pair<std::size_t, std::size_t>{1, 4}));
  EXPECT_EQ(size(GgmlType::kQ4_0), (std::pair<std::size_t, std::size_t>{32, 18}));
  EXPECT_EQ(size(GgmlType::kQ4_1), (std::pair<std::size_t, std::size_t>{32, 20}));
  EXPECT_EQ(size(GgmlType::kQ5_0), (std::pair<std::size_t, std::size_t>{32, 22}));
  EXPECT_EQ(size(GgmlType::kQ5_1), (std::pair<std::size_t, std::size_t>{32, 24}));
  EXPECT_EQ(size(GgmlType::kQ8_0), (std::pair<std::size_t, std::size_t>{32, 34}));
  EXPECT_EQ(size(GgmlType::kQ4_K), (std::pair<std::size_t, std::size_t>{256, 144}));
  EXPECT_EQ(size(GgmlType::kQ5_K), (std::pair<std::size_t, std::size_t>{256, 176}));
  EXPECT_EQ(size(GgmlType::kQ6_K), (std::pair<std::size_t, std::size_t>{256, 210}));
  EXPECT_EQ(ggml_block(static_cast<GgmlType>(10)), nullptr);  // Q2_K
}

TEST(GgmlBlocks, DecodeFloats) {
  EXPECT_THAT(BlockBytes().list({0, 0, 0x80, 0xBF}).decode(GgmlType::kF32), ElementsAre(-1.0F));
  EXPECT_THAT(BlockBytes().f16(kHalfMinusHalf).f16(kHalfTwo).decode(GgmlType::kF16),
              ElementsAre(-0.5F, 2.0F));
  EXPECT_THAT(BlockBytes().list({0x40, 0x40}).decode(GgmlType::kBf16), ElementsAre(3.0F));
  // The smallest binary16, 2^-24, and the largest, 65504.
  EXPECT_THAT(BlockBytes().f16(0x0001).f16(0x7BFF).decode(GgmlType::kF16), ElementsAre(0x1p-24F, 65504.0F));
}

TEST(GgmlBlocks, DecodeQ8_0) {
  const auto values =
      BlockBytes().f16(kHalfMinusHalf).list({1, 0x80, 0x7F, 0xFF}).u8(0, 28).decode(GgmlType::kQ8_0);
  EXPECT_THAT(slice(values, 0, 4), ElementsAre(-0.5F, 64.0F, -63.5F, 0.5F));
  EXPECT_THAT(slice(values, 4, 32), Each(0.0F));
}

TEST(GgmlBlocks, DecodeQ4_0) {
  // Byte 0x1F: value 0 is 15 - 8, value 16 is 1 - 8. Byte 0x80: value 1 is -8, value 17 is 0.
  const auto values = BlockBytes().f16(kHalfTwo).list({0x1F, 0x80}).u8(0x88, 14).decode(GgmlType::kQ4_0);
  EXPECT_THAT(slice(values, 0, 3), ElementsAre(14.0F, -16.0F, 0.0F));
  EXPECT_THAT(slice(values, 16, 19), ElementsAre(-14.0F, 0.0F, 0.0F));
}

TEST(GgmlBlocks, DecodeQ4_1) {
  const auto values =
      BlockBytes().f16(kHalfTwo).f16(kHalfMinusHalf).list({0x1F}).u8(0x00, 15).decode(GgmlType::kQ4_1);
  EXPECT_EQ(values[0], 29.5F);
  EXPECT_EQ(values[16], 1.5F);
  EXPECT_EQ(values[1], -0.5F);
}

TEST(GgmlBlocks, DecodeQ5_0) {
  // Fifth bits of values 0 and 31.
  const auto values = BlockBytes()
                          .f16(kHalfOne)
                          .list({0x01, 0, 0, 0x80})
                          .list({0x05})
                          .u8(0, 14)
                          .list({0x30})
                          .decode(GgmlType::kQ5_0);
  EXPECT_EQ(values[0], 5.0F);     // 16 + 5 - 16
  EXPECT_EQ(values[1], -16.0F);   // 0 - 16
  EXPECT_EQ(values[16], -16.0F);  // high half of 0x05
  EXPECT_EQ(values[31], 3.0F);    // 16 + 3 - 16
  EXPECT_EQ(values[15], -16.0F);
}

TEST(GgmlBlocks, DecodeQ5_1) {
  const auto values = BlockBytes()
                          .f16(kHalfTwo)
                          .f16(kHalfOne)
                          .list({0x00, 0x80, 0x01, 0x00})  // bits 15 and 16
                          .list({0xF0})
                          .u8(0, 14)
                          .list({0x0F})
                          .decode(GgmlType::kQ5_1);
  EXPECT_EQ(values[0], 1.0F);
  EXPECT_EQ(values[15], 63.0F);  // (16 + 15) * 2 + 1
  EXPECT_EQ(values[16], 63.0F);  // (16 + 15) * 2 + 1
  EXPECT_EQ(values[31], 1.0F);
}

// Scales and offsets of the eight parts: 1, 2, 3, 63, then 4-bit parts with high bits: bytes 8 to 11 hold the
// low halves of scales and offsets of parts 4 to 7, the top two bits of bytes 0 to 7 the rest.
BlockBytes k_header(int scale, int offset) {
  BlockBytes block;
  block.f16(scale).f16(offset);
  block.list({1 | 1 << 6, 2, 3, 63 | 3 << 6});  // scales 0-3; high bits of scales 4-7: 1, 0, 0, 3
  block.list({0, 5, 0, 1 | 2 << 6});            // offsets 0-3; high bits of offsets 4-7: 0, 0, 0, 2
  block.list({0x02, 0x10, 0x00, 0x9F});         // scales 4-7 low: 2, 0, 0, 15; offsets 4-7 low: 0, 1, 0, 9
  return block;
}

TEST(GgmlBlocks, DecodeQ4_K) {
  BlockBytes block = k_header(kHalfTwo, kHalfMinusHalf);
  block.u8(0x21, 32);  // parts 0 and 1: 1 and 2
  block.u8(0x43, 32);  // parts 2 and 3: 3 and 4
  block.u8(0x65, 32);  // parts 4 and 5: 5 and 6
  block.u8(0x87, 32);  // parts 6 and 7: 7 and 8
  const auto values = block.decode(GgmlType::kQ4_K);
  // 2 * scale * value + 0.5 * offset, as the offset's scale is -0.5 and is subtracted.
  EXPECT_THAT(slice(values, 0, 32), Each(2.0F));                // scale 1, offset 0
  EXPECT_THAT(slice(values, 32, 64), Each(10.5F));              // scale 2, offset 5
  EXPECT_THAT(slice(values, 64, 96), Each(18.0F));              // scale 3, offset 0
  EXPECT_THAT(slice(values, 96, 128), Each(504.5F));            // scale 63, offset 1
  EXPECT_THAT(slice(values, 128, 160), Each(180.0F));           // scale 2 + 16, offset 0
  EXPECT_THAT(slice(values, 160, 192), Each(0.5F));             // scale 0, offset 1
  EXPECT_THAT(slice(values, 192, 224), Each(0.0F));             // scale 0, offset 0
  EXPECT_THAT(slice(values, 224, 256), Each(1008.0F + 20.5F));  // scale 15 + 48, offset 9 + 32
}

TEST(GgmlBlocks, DecodeQ5_K) {
  BlockBytes block = k_header(kHalfOne, kHalfOne);
  block.u8(0x89, 16).u8(0x00, 16);  // first half of each part: fifth bits of parts 0, 3 and 7
  block.u8(0x21, 32).u8(0x43, 32).u8(0x65, 32).u8(0x87, 32);
  const auto values = block.decode(GgmlType::kQ5_K);
  EXPECT_THAT(slice(values, 0, 16), Each(17.0F));       // 1 * (1 + 16) - 0
  EXPECT_THAT(slice(values, 16, 32), Each(1.0F));       // 1 * 1 - 0
  EXPECT_THAT(slice(values, 32, 64), Each(-1.0F));      // 2 * 2 - 5
  EXPECT_THAT(slice(values, 96, 112), Each(1259.0F));   // 63 * (4 + 16) - 1
  EXPECT_THAT(slice(values, 112, 128), Each(251.0F));   // 63 * 4 - 1
  EXPECT_THAT(slice(values, 224, 240), Each(1471.0F));  // 63 * (8 + 16) - 41
  EXPECT_THAT(slice(values, 240, 256), Each(463.0F));   // 63 * 8 - 41
}

TEST(GgmlBlocks, DecodeQ6_K) {
  BlockBytes block;
  block.u8(0x21, 32).u8(0x43,
                        32);  // first half, low bits: parts 0 and 2 are 1 and 2; parts 1 and 3 are 3 and 4
  block.u8(0x00, 64);         // second half
  block.u8(0xE4, 32);         // first half, high bits of parts 0 to 3: 0, 1, 2, 3
  block.u8(0xFF, 32);         // second half: 3 everywhere
  block.list({1, 2, 3, 4, 5, 6, 7, 8, 0xFF, 0xFE, 0, 1, 1, 1, 1, 0x80});
  block.f16(kHalfTwo);
  const auto values = block.decode(GgmlType::kQ6_K);
  EXPECT_THAT(slice(values, 0, 16), Each(-62.0F));     // 2 * 1 * (1 - 32)
  EXPECT_THAT(slice(values, 16, 32), Each(-124.0F));   // 2 * 2 * (1 - 32)
  EXPECT_THAT(slice(values, 32, 48), Each(-78.0F));    // 2 * 3 * (3 + 16 - 32)
  EXPECT_THAT(slice(values, 64, 80), Each(20.0F));     // 2 * 5 * (2 + 32 - 32)
  EXPECT_THAT(slice(values, 96, 112), Each(280.0F));   // 2 * 7 * (4 + 48 - 32)
  EXPECT_THAT(slice(values, 112, 128), Each(320.0F));  // 2 * 8 * (4 + 48 - 32)
  EXPECT_THAT(slice(values, 128, 144), Each(-32.0F));  // 2 * -1 * (0 + 48 - 32)
  EXPECT_THAT(slice(values, 144, 160), Each(-64.0F));
  EXPECT_THAT(slice(values, 160, 176), Each(0.0F));
  EXPECT_THAT(slice(values, 240, 256), Each(-4096.0F));  // 2 * -128 * 16
}

TEST(GgmlBlocks, DecodeSeveralBlocksInARow) {
  BlockBytes blocks;
  blocks.f16(kHalfOne).u8(1, 32).f16(kHalfTenth).u8(2, 32);
  const auto values = blocks.decode(GgmlType::kQ8_0);
  EXPECT_THAT(slice(values, 0, 32), Each(1.0F));
  EXPECT_THAT(slice(values, 32, 64), Each(2 * 0.0999755859375F));
}

/// Random blocks of every type, packed for the card, stand for the numbers that they decode to.
TEST(GgmlBlocks, AreStoredExactly) {
  std::mt19937 random(7);
  constexpr std::size_t kRows = 3;
  constexpr std::size_t kColumns = 512;
  for (const GgmlType type :
       {GgmlType::kF32, GgmlType::kF16, GgmlType::kBf16, GgmlType::kQ4_0, GgmlType::kQ4_1, GgmlType::kQ5_0,
        GgmlType::kQ5_1, GgmlType::kQ8_0, GgmlType::kQ4_K, GgmlType::kQ5_K, GgmlType::kQ6_K}) {
    SCOPED_TRACE(ggml_block(type)->name);
    softcard::BlockSource source;
    std::vector<float> decoded(kRows * kColumns);
    for (std::size_t row = 0; row < kRows; ++row) {
      std::vector<std::byte> data(kColumns / ggml_block(type)->elements * ggml_block(type)->bytes);
      for (std::byte& byte : data) byte = static_cast<std::byte>(random() % 0x70);  // no infinities and NaN
      dequantize(type, data, std::span(decoded).subspan(row * kColumns, kColumns));
      append_stored(type, data, source);
    }
    const softcard::PackedLayout layout{weight_kind(type), kRows, kColumns};
    std::vector<std::byte> packed(layout.bytes());
    softcard::pack_block(layout, source, kRows, packed);
    std::size_t nonzero = 0;
    for (std::size_t i = 0; i < decoded.size(); ++i) {
      // The sum of a K type's two exact products is rounded once, as in f32.
      const double weight = softcard::testing::weight_at(layout, packed.data(), i / kColumns, i % kColumns);
      ASSERT_EQ(static_cast<float>(weight), decoded[i]) << i;
      if (decoded[i] != 0) ++nonzero;
    }
    EXPECT_GT(nonzero, decoded.size() / 2);
  }
}

}  // namespace
}  // namespace axllama::compiler
