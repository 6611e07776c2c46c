// Host time to choose one token from a row of bf16 logits.

#include <cmath>
#include <cstddef>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/bfloat16.h"
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

BENCHMARK_CAPTURE(sample, greedy, greedy());
BENCHMARK_CAPTURE(sample, greedy_with_penalties, with_penalties(greedy()));
BENCHMARK_CAPTURE(sample, defaults, SamplingOptions{});
BENCHMARK_CAPTURE(sample, defaults_with_min_p, with_min_p(SamplingOptions{}));
BENCHMARK_CAPTURE(sample, defaults_with_penalties, with_penalties(SamplingOptions{}));
BENCHMARK_CAPTURE(sample, top_p_of_whole_vocabulary, whole_vocabulary(0.9));
BENCHMARK_CAPTURE(sample, whole_vocabulary, whole_vocabulary(1.0));

}  // namespace
}  // namespace axllama::inference
