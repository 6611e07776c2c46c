// Host time to choose one token from a row of bf16 logits.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/bfloat16.h"
#include "inference/log_probabilities.h"
#include "inference/logits_scan.h"
#include "inference/random.h"
#include "inference/sampler.h"
#include "inference/sampling.h"

namespace axllama::inference {
namespace {

constexpr std::size_t kQwen3Vocabulary = 151936;

/// A row shaped like a language model's: a broad normal bulk and a few leaders.
std::vector<base::Bf16> logits_row() {
  Random random(2024);
  std::vector<base::Bf16> row(kQwen3Vocabulary);
  for (base::Bf16& value : row) {
    const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
    value =
        base::f32_to_bf16(static_cast<float>(2.5 * radius * std::cos(6.283185307179586 * random.uniform())));
  }
  for (int i = 0; i < 12; ++i) {
    row[static_cast<std::size_t>(random.uniform() * kQwen3Vocabulary)] =
        base::f32_to_bf16(static_cast<float>(18 - i));
  }
  return row;
}

void sample(benchmark::State& state, SamplingOptions options) {
  const std::vector<base::Bf16> row = logits_row();
  options.seed = 1;
  Sampler sampler(options, 2048);
  for (text::TokenId token = 0; token < 64; ++token) {
    sampler.accept(token * 1000);
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(sampler.sample(row));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(row.size() * sizeof(base::Bf16)));
}

SamplingOptions greedy() {
  SamplingOptions options;
  options.temperature = 0;
  return options;
}

SamplingOptions with_penalties(SamplingOptions options) {
  options.repeat_penalty = 1.1;
  return options;
}

SamplingOptions with_min_p(SamplingOptions options) {
  options.min_p = 0.05;
  return options;
}

SamplingOptions whole_vocabulary(double top_p) {
  SamplingOptions options;
  options.temperature = 1.0;
  options.top_k = 0;
  options.top_p = top_p;
  return options;
}

/// With a mask that lets most tokens through, or few of them (`every`: one of so many).
void sample_masked(benchmark::State& state, SamplingOptions options, std::size_t every) {
  const std::vector<base::Bf16> row = logits_row();
  std::vector<std::uint64_t> allowed((row.size() + 63) / 64);
  for (std::size_t token = 0; token < row.size(); ++token) {
    const bool may = every == 1 ? token % 10 != 0 : token % every == 0;
    allowed[token / 64] |= std::uint64_t{may} << (token % 64);
  }
  options.seed = 1;
  Sampler sampler(options, 2048);
  for (auto _ : state) {
    benchmark::DoNotOptimize(sampler.sample(row, allowed));
  }
}

/// One pass over a row with each of the scanners that this processor can run.
void scan(benchmark::State& state, const LogitsScanner& scanner, bool masked) {
  const std::vector<base::Bf16> row = logits_row();
  const std::size_t blocks = row.size() / kLogitsBlock;
  const std::vector<std::uint64_t> allowed(2 * blocks, 0x5555555555555555U);
  std::vector<std::int16_t> maxima(blocks);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        scanner.scan(row.data(), blocks, masked ? allowed.data() : nullptr, maxima.data()));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(row.size() * sizeof(base::Bf16)));
}

const bool kScannersAreRegistered = [] {
  for (const LogitsScanner& scanner : logits_scanners()) {
    for (const bool masked : {false, true}) {
      const std::string name = std::string("scan/") + scanner.name + (masked ? "/masked" : "");
      benchmark::RegisterBenchmark(
          name.c_str(), [scanner, masked](benchmark::State& state) { scan(state, scanner, masked); });
    }
  }
  return true;
}();

void log_probabilities(benchmark::State& state) {
  const std::vector<base::Bf16> row = logits_row();
  LogProbabilities probabilities(nullptr, 0);
  for (auto _ : state) {
    benchmark::DoNotOptimize(probabilities.log_sum_exp(row));
  }
}

BENCHMARK(log_probabilities);
BENCHMARK_CAPTURE(sample_masked, greedy_most_allowed, greedy(), 1);
BENCHMARK_CAPTURE(sample_masked, greedy_few_allowed, greedy(), 1000);
BENCHMARK_CAPTURE(sample_masked, defaults_most_allowed, SamplingOptions{}, 1);
BENCHMARK_CAPTURE(sample_masked, defaults_few_allowed, SamplingOptions{}, 1000);
BENCHMARK_CAPTURE(sample, greedy, greedy());
BENCHMARK_CAPTURE(sample, greedy_with_penalties, with_penalties(greedy()));
BENCHMARK_CAPTURE(sample, defaults, SamplingOptions{});
BENCHMARK_CAPTURE(sample, defaults_with_min_p, with_min_p(SamplingOptions{}));
BENCHMARK_CAPTURE(sample, defaults_with_penalties, with_penalties(SamplingOptions{}));
BENCHMARK_CAPTURE(sample, top_p_of_whole_vocabulary, whole_vocabulary(0.9));
BENCHMARK_CAPTURE(sample, whole_vocabulary, whole_vocabulary(1.0));

}  // namespace
}  // namespace axllama::inference
