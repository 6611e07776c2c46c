#include "inference/logits_scan.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "inference/random.h"

namespace axllama::inference {
namespace {

TEST(LogitsScan, EveryScannerGivesWhatTheScalarOneGives) {
  Random random(5);
  for (const std::size_t blocks : {1U, 2U, 7U, 40U}) {
    for (int round = 0; round < 50; ++round) {
      std::vector<base::Bf16> logits(blocks * kLogitsBlock);
      for (base::Bf16& bits : logits) {
        bits = static_cast<base::Bf16>(random.next());  // every pattern, NaNs and infinities among them
      }
      std::vector<std::uint64_t> allowed(2 * blocks);
      for (std::uint64_t& word : allowed) {
        word = round % 3 == 0 ? random.next() & random.next() & random.next() : random.next();
        word = random.uniform() < 0.2 ? 0 : word;
      }
      for (const std::uint64_t* words : std::array<const std::uint64_t*, 2>{nullptr, allowed.data()}) {
        std::vector<std::int16_t> expected(blocks);
        const KeyRange range = logits_scanners().back().scan(logits.data(), blocks, words, expected.data());
        for (const LogitsScanner& scanner : logits_scanners()) {
          std::vector<std::int16_t> maxima(blocks);
          const KeyRange found = scanner.scan(logits.data(), blocks, words, maxima.data());
          EXPECT_EQ(maxima, expected) << scanner.name;
          EXPECT_EQ(found.least, range.least) << scanner.name;
          EXPECT_EQ(found.largest, range.largest) << scanner.name;
        }
      }
    }
  }
}

TEST(LogitsScan, HasAVectorPathOnTheProcessorsWeBuildFor) {
  EXPECT_EQ(std::string(logits_scanners().back().name), "scalar");
#if defined(__x86_64__) || defined(__ARM_NEON)
  EXPECT_GT(logits_scanners().size(), 1U);
#endif
}

}  // namespace
}  // namespace axllama::inference
