// Rates of the software card's kernels beside the limits of the machine, in one run: a streaming read of the
// same pages for decode (GEMV), register-only multiply-adds for prefill (GEMM). Arguments after the name are
// output rows, input columns, rows of x and threads. GB/s count weight bytes, GFLOP/s two operations per
// multiply-add.

#include <atomic>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "softcard/kernels/dispatch.h"
#include "softcard/kernels/huge_buffer.h"
#include "softcard/kernels/thread_pool.h"
#include "softcard/weights/testing/random_matrix.h"

namespace axllama::softcard {
namespace {

/// Copies of one packed random matrix that together do not fit into any cache.
struct Matrices {
  Matrices(const WeightKind& kind, std::size_t rows, std::size_t columns) {
    std::mt19937 random(1);
    const testing::RandomMatrix one = testing::random_matrix(kind, rows, columns, 0.03F, random);
    layout = one.layout;
    constexpr std::size_t kTotal = std::size_t{256} << 20U;
    copies = std::max<std::size_t>(1, kTotal / layout.bytes());
    memory = HugeBuffer(copies * layout.bytes());
    for (std::size_t copy = 0; copy < copies; ++copy) {
      std::memcpy(memory.data() + copy * layout.bytes(), one.packed.data(), layout.bytes());
    }
  }
  WeightView view(std::size_t copy) const { return layout.view(memory.data() + copy * layout.bytes()); }

  PackedLayout layout;
  std::size_t copies = 1;
  HugeBuffer memory;
};

void project(benchmark::State& state, const std::string& kind, bool integer) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  const auto columns = static_cast<std::size_t>(state.range(1));
  const auto x_rows = static_cast<std::size_t>(state.range(2));
  ThreadPool pool(static_cast<std::size_t>(state.range(3)));
  const KernelTable& table = kernels();
  const Matrices matrices(*find_weight_kind(kind), rows, columns);
  const std::size_t stride = columns + 16;
  const std::vector<float> x(x_rows * stride, 0.5F);
  const std::size_t groups = columns / kGroupDepth;
  const std::vector<std::int8_t> values(x_rows * (columns + 64), 3);
  const std::vector<float> scales(x_rows * groups, 0.01F);
  const std::vector<std::int32_t> group_sums(2 * x_rows * groups, -48);
  const QuantisedView quantised{
      values.data(), scales.data(), group_sums.data(), group_sums.data(), columns + 64, groups,
      groups,        x_rows};
  std::vector<std::vector<float>> sums(pool.size(), std::vector<float>(x_rows * kBlockRows));
  std::size_t copy = 0;
  for (auto _ : state) {
    const WeightView view = matrices.view(copy);
    copy = (copy + 1) % matrices.copies;
    pool.for_each(matrices.layout.blocks(), [&](std::size_t block, std::size_t thread) {
      if (integer) {
        table.project_block_integer(view, block, quantised, sums[thread].data(), kBlockRows);
      } else {
        table.project_block(view, block, {x.data(), stride, x_rows}, sums[thread].data(), kBlockRows);
      }
    });
  }
  const auto runs = static_cast<double>(state.iterations());
  const double products = static_cast<double>(rows) * static_cast<double>(columns);
  state.counters["GB/s"] = benchmark::Counter(runs * static_cast<double>(matrices.layout.bytes()) * 1e-9,
                                              benchmark::Counter::kIsRate);
  state.counters["GOP/s"] =
      benchmark::Counter(2e-9 * runs * products * static_cast<double>(x_rows), benchmark::Counter::kIsRate);
  state.SetLabel(table.name);
}

void shapes(benchmark::internal::Benchmark* bench) {
  for (const int x_rows : {1, 128}) {
    for (const int threads : {1, 2}) {
      bench->Args({3072, 1024, x_rows, threads});
      bench->Args({1024, 3072, x_rows, threads});
      bench->Args({9728, 2560, x_rows, threads});
    }
  }
}
[[maybe_unused]] const bool kRegistered = [] {
  const auto add = [](const std::string& name, const std::string& kind, bool integer) {
    benchmark::RegisterBenchmark(name.c_str(), project, kind, integer)
        ->Apply(shapes)
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  };
  for (const WeightKind& kind : weight_kinds())
    add(std::string(kind.name), std::string(kind.name), !kind.is_float());
  add("s8_in_floats", "s8", false);
  return true;
}();

/// Every thread reads its part of 256 MiB of huge pages once, 64 bytes at a time.
void BM_StreamingRead(benchmark::State& state) {
  ThreadPool pool(static_cast<std::size_t>(state.range(0)));
  constexpr std::size_t kTotal = std::size_t{256} << 20U;
  constexpr std::size_t kPiece = std::size_t{128} << 10U;
  HugeBuffer memory(kTotal);
  std::memset(memory.data(), 1, kTotal);
  std::atomic<std::uint64_t> sink{0};
  for (auto _ : state) {
    pool.for_each(kTotal / kPiece, [&](std::size_t piece, std::size_t) {
      std::uint64_t sum = 0;
      const std::byte* p = memory.data() + piece * kPiece;
      for (std::size_t i = 0; i < kPiece; i += 64) {
        __builtin_prefetch(p + i + 4096);
        std::uint64_t words[8];
        std::memcpy(words, p + i, sizeof(words));
        for (const std::uint64_t word : words) sum ^= word;
      }
      sink.fetch_xor(sum, std::memory_order_relaxed);
    });
  }
  benchmark::DoNotOptimize(sink.load());
  state.counters["GB/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(kTotal) * 1e-9,
                         benchmark::Counter::kIsRate);
}
BENCHMARK(BM_StreamingRead)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);

/// The tile kernel on data that stays in the first-level cache: what multiply-adds alone allow.
void BM_TileInCache(benchmark::State& state) {
  const KernelTable& table = kernels();
  constexpr std::size_t kDepth = 64;
  const std::vector<float> tile(kDepth * 64, 0.5F);
  const std::vector<float> x(12 * kDepth, 0.25F);
  std::vector<float> y(12 * 64);
  for (auto _ : state) {
    table.multiply_tile(tile.data(), 64, 64, kDepth, {x.data(), kDepth, 12}, y.data(), 64, true);
    benchmark::DoNotOptimize(y.data());
  }
  state.counters["GFLOP/s"] = benchmark::Counter(
      2e-9 * 12 * 64 * kDepth * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  state.SetLabel(table.name);
}
BENCHMARK(BM_TileInCache);

void BM_ForkJoin(benchmark::State& state) {
  ThreadPool pool(2);
  for (auto _ : state) pool.for_each(2, [](std::size_t, std::size_t) {});
}
BENCHMARK(BM_ForkJoin)->UseRealTime();

}  // namespace
}  // namespace axllama::softcard
