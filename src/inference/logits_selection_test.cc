#include "inference/logits_selection.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include <gtest/gtest.h>

#include "inference/random.h"

namespace axllama::inference {
namespace {

using base::Bf16;

/// Any finite bit pattern, and -infinity.
std::vector<Bf16> random_bits(Random& random, std::size_t size, unsigned distinct) {
  std::vector<Bf16> bits(size);
  for (Bf16& value : bits) {
    do {
      value = static_cast<Bf16>((random.next() >> 20U) % distinct * (65536U / distinct));
    } while ((value & 0x7F80U) == 0x7F80U && value != 0xFF80U);
  }
  bits[size / 2] = 0x3F80;
  return bits;
}

std::vector<Candidate> sorted_by_definition(const std::vector<Bf16>& bits) {
  std::vector<Candidate> all;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    all.push_back({base::bf16_to_f32(bits[i]), static_cast<text::TokenId>(i)});
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Candidate& a, const Candidate& b) { return a.logit > b.logit; });
  return all;
}

void expect_same(const std::vector<Candidate>& actual, const std::vector<Candidate>& all, std::size_t count) {
  ASSERT_EQ(actual.size(), std::min(count, all.size()));
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_EQ(actual[i].id, all[i].id) << "place " << i << " of " << count << " in " << all.size();
    ASSERT_EQ(actual[i].logit, all[i].logit);
  }
}

TEST(LogitsSelection, AgreesWithASortAtEverySize) {
  Random random(11);
  LogitsSelection selection;
  std::vector<Candidate> out;
  for (const std::size_t size : {1U, 2U, 7U, 8U, 127U, 128U, 129U, 1000U, 1024U, 5000U, 8192U, 20000U}) {
    for (const unsigned distinct : {16U, 4096U, 65536U}) {
      const std::vector<Bf16> bits = random_bits(random, size, distinct);
      const std::vector<Candidate> all = sorted_by_definition(bits);
      EXPECT_EQ(selection.best(bits).id, all[0].id);
      selection.sorted(bits, out);
      expect_same(out, all, all.size());
      for (const std::size_t count : {1U, 2U, 3U, 10U, 40U, 100U, 5001U}) {
        selection.top(bits, count, out);
        expect_same(out, all, count);
      }
    }
  }
}

TEST(LogitsSelection, AgreesWithASortOfTheAllowed) {
  Random random(12);
  LogitsSelection selection;
  std::vector<Candidate> out;
  for (const std::size_t size : {1U, 63U, 64U, 129U, 1000U, 8192U, 20000U}) {
    for (const double share : {0.0, 0.01, 0.5, 0.99}) {
      const std::vector<Bf16> bits = random_bits(random, size, 65536);
      std::vector<std::uint64_t> allowed((size + 63) / 64);
      for (std::size_t token = 0; token < size; ++token) {
        const bool may = token == size / 2 || random.uniform() < share;
        allowed[token / 64] |= std::uint64_t{may} << (token % 64);
      }
      std::vector<Candidate> all = sorted_by_definition(bits);
      std::erase_if(all,
                    [&](const Candidate& c) { return !allows(allowed, static_cast<std::size_t>(c.id)); });
      EXPECT_EQ(selection.best(bits, allowed).id, all[0].id);
      selection.sorted(bits, out, allowed);
      expect_same(out, all, all.size());
      for (const std::size_t count : {1U, 3U, 40U, 5001U}) {
        selection.top(bits, count, out, allowed);
        expect_same(out, all, count);
      }
    }
  }
}

TEST(LogitsSelection, TreatsBothZerosAsEqual) {
  LogitsSelection selection;
  std::vector<Candidate> out;
  const std::vector<Bf16> bits = {0x8001, 0x8000, 0x0000, 0x8000, 0x0000};
  EXPECT_EQ(selection.best(bits).id, 1);
  selection.sorted(bits, out);
  expect_same(out, sorted_by_definition(bits), 5);
}

TEST(LogitsSelection, TakesNothingWhenNothingIsAsked) {
  LogitsSelection selection;
  std::vector<Candidate> out(3);
  selection.top(std::vector<Bf16>(1000, 0x3F80), 0, out);
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace axllama::inference
