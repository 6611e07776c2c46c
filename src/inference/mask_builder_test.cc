#include "inference/mask_builder.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace axllama::inference {
namespace {

/// "1" visible, "." hidden, "?" anything else.
std::string picture(const std::vector<base::Bf16>& mask, std::size_t columns) {
  std::string text;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    text += mask[i] == kVisible ? '1' : mask[i] == kHidden ? '.' : '?';
    if ((i + 1) % columns == 0 && i + 1 < mask.size()) {
      text += '/';
    }
  }
  return text;
}

std::string decode(std::size_t slots, std::size_t cached) {
  std::vector<base::Bf16> mask(slots + 1, 0x1234);
  fill_decode_mask(mask, cached);
  return picture(mask, slots + 1);
}

std::string prefill(std::size_t rows, std::size_t history, std::size_t cached, std::size_t count) {
  std::vector<base::Bf16> mask(rows * (history + rows), 0x1234);
  fill_prefill_mask(mask, rows, history, cached, count);
  return picture(mask, history + rows);
}

TEST(MaskBuilder, DecodeShowsTheCachedTokensAndTheTokenItself) {
  EXPECT_EQ(decode(4, 0), "....1");
  EXPECT_EQ(decode(4, 1), "1...1");
  EXPECT_EQ(decode(4, 3), "111.1");
  EXPECT_EQ(decode(4, 4), "11111");
}

TEST(MaskBuilder, PrefillIsCausalWithinTheChunkAndHidesUnusedHistory) {
  EXPECT_EQ(prefill(3, 0, 0, 3), "1../11./111");
  EXPECT_EQ(prefill(2, 4, 0, 2), "....1./....11");
  EXPECT_EQ(prefill(2, 4, 3, 2), "111.1./111.11");
  EXPECT_EQ(prefill(2, 4, 4, 2), "11111./111111");
}

TEST(MaskBuilder, RowsWithoutATokenSeeNothing) {
  EXPECT_EQ(prefill(3, 2, 1, 1), "1.1../...../.....");
  EXPECT_EQ(prefill(3, 0, 0, 2), "1../11./...");
}

TEST(MaskBuilder, HiddenIsMinus65536) {
  EXPECT_EQ(base::bf16_to_f32(kHidden), -65536.0F);
  EXPECT_EQ(base::bf16_to_f32(kVisible), 0.0F);
}

}  // namespace
}  // namespace axllama::inference
