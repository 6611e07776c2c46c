#include "inference/sampler.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"

namespace axllama::inference {
namespace {

using base::Bf16;
using base::f32_to_bf16;
using text::TokenId;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<Bf16> row(const std::vector<float>& values) {
  std::vector<Bf16> bits;
  std::transform(values.begin(), values.end(), std::back_inserter(bits), f32_to_bf16);
  return bits;
}

/// Logits as models give them: nearly normal, with ties because of bf16, and now and then -infinity.
std::vector<Bf16> random_row(Random& random, std::size_t size) {
  std::vector<Bf16> bits(size);
  const double scale = 0.5 + 8 * random.uniform();
  for (Bf16& value : bits) {
    double sum = -6;
    for (int i = 0; i < 12; ++i) {
      sum += random.uniform();
    }
    value = random.uniform() < 0.01 ? f32_to_bf16(-kInfinity) : f32_to_bf16(static_cast<float>(sum * scale));
  }
  bits[0] = f32_to_bf16(0.5F);  // at least one finite value
  return bits;
}

/// Some of the tokens, token 0 always.
std::vector<std::uint64_t> random_set(Random& random, std::size_t vocabulary) {
  std::vector<std::uint64_t> words((vocabulary + 63) / 64);
  const double share = random.uniform();
  for (std::size_t token = 0; token < vocabulary; ++token) {
    words[token / 64] |= std::uint64_t{token == 0 || random.uniform() < share} << (token % 64);
  }
  return words;
}

/// The definition, written the slow and obvious way in double precision.
class NaiveSampler {
 public:
  struct Entry {
    double logit;
    TokenId id;
  };

  static std::vector<Entry> candidates(const SamplingOptions& options, const std::vector<TokenId>& history,
                                       const std::vector<Bf16>& logits, text::TokenSet allowed = {}) {
    std::map<TokenId, int> counts;
    const std::size_t window = options.repeat_last_n < 0
                                   ? history.size()
                                   : std::min(history.size(), std::size_t(options.repeat_last_n));
    for (std::size_t i = history.size() - window; i < history.size(); ++i) {
      ++counts[history[i]];
    }
    std::vector<Entry> entries;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      if (!allows(allowed, i)) {
        continue;
      }
      double logit = base::bf16_to_f32(logits[i]);
      const auto found = counts.find(static_cast<TokenId>(i));
      if (found != counts.end()) {
        logit = logit <= 0 ? logit * options.repeat_penalty : logit / options.repeat_penalty;
        logit -= found->second * options.frequency_penalty + options.presence_penalty;
        logit = static_cast<float>(logit);
      }
      entries.push_back({logit, static_cast<TokenId>(i)});
    }
    std::stable_sort(entries.begin(), entries.end(),
                     [](const Entry& a, const Entry& b) { return a.logit > b.logit; });
    if (options.temperature <= 0) {
      entries.resize(1);
    }
    if (options.top_k > 0 && entries.size() > std::size_t(options.top_k)) {
      entries.resize(std::size_t(options.top_k));
    }
    if (options.typical_p < 1) {
      const std::vector<double> p = probabilities(entries, 1);
      double entropy = 0;
      for (const double value : p) {
        entropy -= value > 0 ? value * std::log(value) : 0;
      }
      std::vector<std::size_t> order(p.size());
      std::iota(order.begin(), order.end(), 0U);
      std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return std::abs(-std::log(p[a]) - entropy) < std::abs(-std::log(p[b]) - entropy);
      });
      double sum = 0;
      std::vector<std::size_t> kept;
      for (const std::size_t index : order) {
        kept.push_back(index);
        sum += p[index];
        if (sum > options.typical_p) {
          break;
        }
      }
      std::sort(kept.begin(), kept.end());
      std::vector<Entry> next;
      for (const std::size_t index : kept) {
        next.push_back(entries[index]);
      }
      entries = next;
    }
    if (options.top_p < 1) {
      const std::vector<double> p = probabilities(entries, 1);
      double sum = 0;
      std::size_t kept = 0;
      do {
        sum += p[kept++];
      } while (kept < p.size() && sum < options.top_p);
      entries.resize(kept);
    }
    if (options.min_p > 0) {
      const std::vector<double> p = probabilities(entries, 1);
      std::size_t kept = 1;
      while (kept < p.size() && p[kept] >= options.min_p * p[0]) {
        ++kept;
      }
      entries.resize(kept);
    }
    return entries;
  }

  static std::vector<double> probabilities(const std::vector<Entry>& entries, double temperature) {
    std::vector<double> p;
    double sum = 0;
    for (const Entry& entry : entries) {
      p.push_back(std::exp((entry.logit - entries[0].logit) / temperature));
      sum += p.back();
    }
    for (double& value : p) {
      value /= sum;
    }
    return p;
  }
};

SamplingOptions random_options(Random& random) {
  SamplingOptions options;
  const auto chance = [&](double p) { return random.uniform() < p; };
  options.temperature = chance(0.15) ? 0 : 0.1 + 2 * random.uniform();
  options.top_k = chance(0.3) ? 0 : 1 + static_cast<int>(random.uniform() * 200);
  options.top_p = chance(0.3) ? 1 : random.uniform();
  options.min_p = chance(0.5) ? 0 : random.uniform() * 0.3;
  options.typical_p = chance(0.6) ? 1 : random.uniform();
  options.repeat_last_n = chance(0.2) ? -1 : static_cast<int>(random.uniform() * 40);
  options.repeat_penalty = chance(0.4) ? 1 : 0.8 + random.uniform();
  options.presence_penalty = chance(0.6) ? 0 : random.uniform() - 0.3;
  options.frequency_penalty = chance(0.6) ? 0 : random.uniform() - 0.3;
  options.seed = random.next();
  return options;
}

TEST(Sampler, FiltersAsTheDefinitionSays) {
  Random random(1);
  int larger_sets = 0;
  for (int round = 0; round < 2000; ++round) {
    const SamplingOptions options = random_options(random);
    const std::size_t vocabulary =
        1 + static_cast<std::size_t>(random.uniform() * (round % 10 == 0 ? 20000 : 500));
    const std::vector<Bf16> logits = random_row(random, vocabulary);
    const std::vector<std::uint64_t> allowed =
        round % 2 == 0 ? std::vector<std::uint64_t>{} : random_set(random, vocabulary);
    Sampler sampler(options, 100000);
    std::vector<TokenId> history(static_cast<std::size_t>(random.uniform() * 60));
    for (TokenId& token : history) {
      token =
          static_cast<TokenId>(random.uniform() * static_cast<double>(std::min<std::size_t>(vocabulary, 80)));
      sampler.accept(token);
    }
    const auto expected = NaiveSampler::candidates(options, history, logits, allowed);
    const auto& actual = sampler.candidates(logits, allowed);
    ASSERT_EQ(actual.size(), expected.size()) << "round " << round;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(actual[i].id, expected[i].id) << "round " << round << ", place " << i;
      ASSERT_EQ(actual[i].logit, static_cast<float>(expected[i].logit))
          << "round " << round << ", place " << i;
    }
    larger_sets += expected.size() > 3 ? 1 : 0;
  }
  EXPECT_GT(larger_sets, 300);  // the rounds say something
}

TEST(Sampler, DrawsEachCandidateAsOftenAsItsProbability) {
  const std::vector<Bf16> logits = row({1.0F, 3.0F, 2.0F, -1.0F, 2.5F, 0.0F});
  SamplingOptions options;
  options.temperature = 0.7;
  options.top_k = 5;
  options.top_p = 0.97;
  options.seed = 7;
  Sampler sampler(options, 100);
  const auto expected = NaiveSampler::candidates(options, {}, logits);
  const auto probabilities = NaiveSampler::probabilities(expected, options.temperature);
  constexpr int kDraws = 200000;
  std::map<TokenId, int> counts;
  for (int i = 0; i < kDraws; ++i) {
    ++counts[sampler.sample(logits)];
  }
  EXPECT_EQ(counts.size(), expected.size());
  double chi_squared = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double mean = kDraws * probabilities[i];
    chi_squared += std::pow(counts[expected[i].id] - mean, 2) / mean;
  }
  EXPECT_LT(chi_squared, 20.0);  // at most 4 degrees of freedom: p < 0.001
}

TEST(Sampler, ASeedGivesTheSameTokensAgain) {
  Random random(3);
  SamplingOptions options;
  options.seed = 1234;
  Sampler first(options, 100);
  Sampler second(options, 100);
  options.seed = 1235;
  Sampler other(options, 100);
  int differences = 0;
  for (int i = 0; i < 200; ++i) {
    const std::vector<Bf16> logits = random_row(random, 300);
    const TokenId token = first.sample(logits);
    ASSERT_EQ(token, second.sample(logits));
    differences += token != other.sample(logits) ? 1 : 0;
  }
  EXPECT_GT(differences, 20);
}

TEST(Sampler, ASeedMeansTheSameTokensInEveryProcess) {
  const std::vector<Bf16> logits = row({1.0F, 3.0F, 2.0F, -1.0F, 2.5F, 0.0F, 2.0F, 1.5F});
  SamplingOptions options;
  options.top_p = 1;
  options.seed = 20261123;
  Sampler sampler(options, 100);
  std::vector<TokenId> tokens(16);
  std::generate(tokens.begin(), tokens.end(), [&] { return sampler.sample(logits); });
  EXPECT_EQ(tokens, (std::vector<TokenId>{7, 0, 1, 6, 1, 2, 2, 7, 4, 4, 1, 7, 1, 4, 4, 6}));
}

TEST(Sampler, ChoosesAmongTheAllowedOnly) {
  std::vector<float> values(1000, -3.0F);
  values[10] = 5.0F;
  values[700] = 4.0F;
  SamplingOptions options;
  options.temperature = 0;
  Sampler sampler(options, 100);
  std::vector<std::uint64_t> allowed(16, ~std::uint64_t{0});
  allowed[0] = 0;
  EXPECT_EQ(sampler.sample(row(values), allowed), 700);
  EXPECT_EQ(sampler.sample(row(values), text::TokenSet(allowed).first(8)), 64);  // the set ends at 512
  values[64] = -kInfinity;
  std::fill(allowed.begin(), allowed.end(), 0);
  allowed[1] = 1;
  EXPECT_EQ(sampler.sample(row(values), allowed), 64);  // the only one, however unlikely
  allowed[1] = 0;
  EXPECT_THROW(sampler.sample(row(values), allowed), base::Error);
  allowed[15] = ~std::uint64_t{0} << 40U;  // tokens that the row does not have
  EXPECT_THROW(sampler.sample(row(values), allowed), base::Error);
}

TEST(Sampler, SeedsAreDrawnWhenNoneIsGiven) {
  EXPECT_NE(Sampler({}, 100).seed(), Sampler({}, 100).seed());
}

TEST(Sampler, GreedyTakesTheLowestIdAmongEquals) {
  SamplingOptions options;
  options.temperature = 0;
  Sampler sampler(options, 100);
  EXPECT_EQ(sampler.sample(row({1.0F, 4.0F, 4.0F, 2.0F})), 1);
  EXPECT_EQ(sampler.sample(row({-0.0F, 0.0F, -1.0F})), 0);
  EXPECT_EQ(sampler.sample(row({-kInfinity, -5.0F, -kInfinity})), 1);
  std::vector<float> wide(1000, -3.0F);
  wide[555] = 2.0F;
  wide[777] = 2.0F;
  EXPECT_EQ(sampler.sample(row(wide)), 555);
  wide[999] = 2.5F;
  EXPECT_EQ(sampler.sample(row(wide)), 999);
}

TEST(Sampler, GreedyLooksAtPenalisedLogits) {
  SamplingOptions options;
  options.temperature = 0;
  options.repeat_penalty = 2.0;
  options.repeat_last_n = 2;
  Sampler sampler(options, 100);
  const std::vector<Bf16> logits = row({4.0F, 3.0F, 1.0F});
  sampler.accept(0);
  EXPECT_EQ(sampler.sample(logits), 1);
  sampler.accept(1);
  EXPECT_EQ(sampler.sample(logits), 0);  // 2.0 against 1.5 and 1.0
  sampler.accept(1);                     // 0 leaves the window of two
  EXPECT_EQ(sampler.sample(logits), 0);
  EXPECT_EQ(sampler.candidates(logits).front().logit, 4.0F);
}

TEST(Sampler, PenaltiesIgnoreTokensOutsideTheRow) {
  SamplingOptions options;
  options.temperature = 0;
  options.presence_penalty = 10;
  Sampler sampler(options, 100);
  sampler.accept(500);
  sampler.accept(-3);
  EXPECT_EQ(sampler.sample(row({1.0F, 2.0F})), 1);
}

TEST(Sampler, RefusesRowsThatAreNotLogits) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float bad : {nan, -nan, kInfinity}) {
    for (const std::size_t size : {3U, 128U, 1000U}) {
      for (const std::size_t place : {std::size_t{0}, size / 2, size - 1}) {
        std::vector<float> values(size, 1.0F);
        values[place] = bad;
        for (const double temperature : {0.0, 1.0}) {
          for (const int top_k : {0, 2}) {
            SamplingOptions options;
            options.temperature = temperature;
            options.top_k = top_k;
            Sampler sampler(options, 100);
            try {
              sampler.sample(row(values));
              FAIL() << bad << " at " << place << " of " << size << " was accepted";
            } catch (const base::Error& error) {
              EXPECT_EQ(error.code(), base::ErrorCode::kDevice);
            }
          }
        }
      }
    }
  }
  EXPECT_THROW(Sampler({}, 100).sample(row({-kInfinity, -kInfinity})), base::Error);
  const std::vector<Bf16> unwritten(200, 0xFFFF);
  EXPECT_THROW(Sampler({}, 100).sample(unwritten), base::Error);
}

TEST(Sampler, ChoosesFromTheLargestAsFromTheWholeRow) {
  Random random(11);
  int compared = 0;
  int penalised = 0;
  for (int round = 0; round < 2000; ++round) {
    const SamplingOptions options = random_options(random);
    const std::size_t vocabulary = 300 + static_cast<std::size_t>(random.uniform() * 500);
    const std::vector<Bf16> logits = random_row(random, vocabulary);
    Sampler whole(options, 100000);
    Sampler few(options, 100000);
    for (int i = 0; i < 30; ++i) {
      const auto token = static_cast<TokenId>(random.uniform() * 80);
      whole.accept(token);
      few.accept(token);
    }
    const auto needed = few.largest_needed();
    if (!needed) {
      continue;
    }
    std::vector<Candidate> largest;
    LogitsSelection().top(logits, std::min(*needed, vocabulary), largest);
    for (int draw = 0; draw < 3; ++draw) {  // and the random numbers stay in step
      ASSERT_EQ(few.sample(largest), whole.sample(logits)) << "round " << round;
    }
    ++compared;
    penalised += *needed > static_cast<std::size_t>(std::max(options.top_k, 1)) ? 1 : 0;
  }
  EXPECT_GT(compared, 500);
  EXPECT_GT(penalised, 100);
}

TEST(Sampler, SaysHowManyOfTheLargestItNeeds) {
  SamplingOptions options;
  EXPECT_EQ(Sampler(options, 100).largest_needed(), 40U);
  options.temperature = 0;
  EXPECT_EQ(Sampler(options, 100).largest_needed(), 1U);
  options.repeat_penalty = 1.1;
  Sampler repeating(options, 100);
  repeating.accept(5);
  repeating.accept(6);
  repeating.accept(5);
  EXPECT_EQ(repeating.largest_needed(), 3U);
  options.presence_penalty = -1;  // may raise a logit from anywhere
  EXPECT_FALSE(Sampler(options, 100).largest_needed());
  options = {};
  options.top_k = 0;
  EXPECT_FALSE(Sampler(options, 100).largest_needed());
}

TEST(Sampler, RefusesLargestLogitsThatAreNone) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Sampler sampler({}, 100);
  for (const auto& bad : {std::vector<Candidate>{},
                          {{nan, 1}, {1, 2}},
                          {{1, 1}, {nan, 2}},
                          {{kInfinity, 0}},
                          {{-kInfinity, 0}}}) {
    EXPECT_THROW(sampler.sample(bad), base::Error);
  }
}

TEST(Sampler, RefusesOptionsThatAreNotNumbers) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const auto set : {+[](SamplingOptions& o, double v) { o.temperature = v; },
                         +[](SamplingOptions& o, double v) { o.top_p = v; },
                         +[](SamplingOptions& o, double v) { o.repeat_penalty = v; },
                         +[](SamplingOptions& o, double v) { o.presence_penalty = v; }}) {
    SamplingOptions options;
    set(options, nan);
    EXPECT_THROW(Sampler(options, 100), base::Error);
  }
  SamplingOptions zero;
  zero.repeat_penalty = 0;
  EXPECT_THROW(Sampler(zero, 100), base::Error);
}

}  // namespace
}  // namespace axllama::inference
