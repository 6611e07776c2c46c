// What a chunk of 128 rows costs a whole layer of the software card, attention, norms and activations
// included, beside the machine's peak of 8-bit multiply-adds, on one thread. Both are taken in processor
// time, so that a busy machine hardly matters; "of_peak" counts the multiply-adds with weights alone and is
// the median over the runs, each compared with the peak right before it. The argument after the
// shape is the number of earlier tokens that attention reads.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/bfloat16.h"
#include "cli/integer_peak.h"
#include "softcard/graph/program.h"
#include "softcard/graph/test_models.h"

namespace axllama::softcard {
namespace {

constexpr std::size_t kRows = 128;
constexpr std::size_t kHistories[] = {0, 384, 1920};
constexpr double kPeakSeconds = 0.02;

struct Shape {
  const char* name;
  std::size_t hidden;
  std::size_t heads;
  std::size_t kv_heads;
  std::size_t head_dim;
  std::size_t intermediate;
};
constexpr Shape kShapes[] = {{"Qwen3-0.6B", 1024, 16, 8, 128, 3072}, {"Qwen3-4B", 2560, 32, 8, 128, 9728}};

/// One random block of 64 rows, again and again: what is computed does not depend on the values.
void add_projection(testing::ImageBuilder& builder, const std::string& name, const WeightKind& kind,
                    std::size_t rows, std::size_t columns) {
  std::mt19937 random(1);
  const auto block = testing::random_matrix(kind, kBlockRows, columns, 0.03F, random).packed;
  const PackedLayout layout{kind, rows, columns};
  std::vector<std::byte> packed(layout.bytes());
  for (std::size_t i = 0; i < layout.blocks(); ++i) {
    std::memcpy(packed.data() + i * layout.block_bytes(), block.data(), block.size());
  }
  builder.add(name, "U8", {layout.blocks(), layout.block_bytes()}, packed.data(), packed.size());
}

std::unique_ptr<Program> load_layer(const Shape& shape, const WeightKind& kind) {
  testing::ImageBuilder builder;
  for (const char* name : {"attn_norm", "mlp_norm"}) {
    builder.add_f32(name, std::vector<float>(shape.hidden, 1.0F));
  }
  for (const char* name : {"q_norm", "k_norm"}) {
    builder.add_f32(name, std::vector<float>(shape.head_dim, 1.0F));
  }
  builder.add_f32("rope_inv_freq", std::vector<float>(shape.head_dim / 2, 0.01F));
  const std::size_t query = shape.heads * shape.head_dim;
  const std::size_t kv = shape.kv_heads * shape.head_dim;
  auto packed = nlohmann::json::object();
  const auto add = [&](const char* name, std::size_t rows, std::size_t columns) {
    add_projection(builder, name, kind, rows, columns);
    packed[name] = kind.name;
  };
  add("q_proj", query, shape.hidden);
  add("k_proj", kv, shape.hidden);
  add("v_proj", kv, shape.hidden);
  add("o_proj", shape.hidden, query);
  add("gate_proj", shape.intermediate, shape.hidden);
  add("up_proj", shape.intermediate, shape.hidden);
  add("down_proj", shape.hidden, shape.intermediate);
  auto groups = nlohmann::json::array({{{"kind", "decode"}, {"slots", 2048}}});
  for (const std::size_t history : kHistories) {
    groups.push_back({{"kind", "prefill"}, {"rows", kRows}, {"history", history}});
  }
  builder.set_program(kLayerProgram, {{"packed", packed},
                                      {"hidden", shape.hidden},
                                      {"heads", shape.heads},
                                      {"kv_heads", shape.kv_heads},
                                      {"head_dim", shape.head_dim},
                                      {"intermediate", shape.intermediate},
                                      {"rms_eps", 1e-6},
                                      {"weights", kind.name},
                                      {"qk_norm", true},
                                      {"activation", "silu"},
                                      {"compiler", "bench"},
                                      {"groups", groups}});
  return Program::load(builder.image(), "layer");
}

/// Inputs and outputs of one execution: random rows, every row sees what lies before it.
class Operands {
 public:
  Operands(const Program& layer, std::size_t group, std::size_t history) {
    std::mt19937 random(2);
    std::normal_distribution<float> normal;
    for (const TensorInfo& info : layer.inputs()) {
      std::vector<std::byte>& bytes = memory_.emplace_back(info.bytes(group));
      const std::size_t elements = bytes.size() / element_size(info.type);
      if (info.type == ElementType::kUint32) {
        for (std::size_t i = 0; i < elements; ++i) {
          const auto position = static_cast<std::uint32_t>(history + i);
          std::memcpy(bytes.data() + 4 * i, &position, sizeof(position));
        }
        continue;
      }
      const std::size_t columns = history + kRows;
      for (std::size_t i = 0; i < elements; ++i) {
        const bool hidden = i % columns > history + i / columns;
        const base::Bf16 value = base::f32_to_bf16(info.name != "mask" ? normal(random)
                                                   : hidden            ? -1e5F
                                                                       : 0.0F);
        std::memcpy(bytes.data() + 2 * i, &value, sizeof(value));
      }
    }
    for (const TensorInfo& info : layer.outputs()) memory_.emplace_back(info.bytes(group));
    for (std::size_t i = 0; i < memory_.size(); ++i) {
      if (i < layer.inputs().size()) {
        inputs.push_back(memory_[i].data());
      } else {
        outputs.push_back(memory_[i].data());
      }
    }
  }

  std::vector<const std::byte*> inputs;
  std::vector<std::byte*> outputs;

 private:
  std::vector<std::vector<std::byte>> memory_;
};

double processor_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Multiply-adds of 8 bits in one second of processor time.
double peak_rate() {
  const cli::IntegerWork work = cli::integer_work();
  double products = 0;
  std::int32_t seed = 1;
  const double begin = processor_seconds();
  double end = begin;
  while ((end = processor_seconds()) - begin < kPeakSeconds) {
    constexpr std::size_t kSteps = 1 << 14;
    seed ^= work.run(kSteps, seed);
    products += work.products_per_step * kSteps;
  }
  benchmark::DoNotOptimize(seed);
  return products / (end - begin);
}

void chunk(benchmark::State& state, const Shape& shape, const std::string& kind) {
  // More layers than any cache holds, so that weights come from memory.
  constexpr std::size_t kLayers = 4;
  std::vector<std::unique_ptr<Program>> layers;
  for (std::size_t i = 0; i < kLayers; ++i) layers.push_back(load_layer(shape, *find_weight_kind(kind)));
  const auto group = static_cast<std::size_t>(state.range(0));
  Operands operands(*layers.front(), group, kHistories[group - 1]);
  const double products = static_cast<double>(layers.front()->cost(group).multiply_adds);
  std::vector<double> shares;
  for (auto _ : state) {
    state.PauseTiming();
    const double peak = peak_rate();
    state.ResumeTiming();
    const double begin = processor_seconds();
    layers[shares.size() % kLayers]->execute(group, operands.inputs, operands.outputs);
    shares.push_back(products / (processor_seconds() - begin) / peak);
  }
  std::sort(shares.begin(), shares.end());
  state.counters["of_peak"] = shares[shares.size() / 2];
  state.counters["history"] = static_cast<double>(kHistories[group - 1]);
}

[[maybe_unused]] const bool kRegistered = [] {
  for (const Shape& shape : kShapes) {
    for (const WeightKind& kind : weight_kinds()) {
      if (kind.is_float()) continue;
      const std::string name = std::string(shape.name) + "/" + std::string(kind.name);
      benchmark::RegisterBenchmark(name.c_str(), chunk, shape, std::string(kind.name))
          ->DenseRange(1, std::size(kHistories))
          ->Unit(benchmark::kMillisecond);
    }
  }
  return true;
}();

}  // namespace
}  // namespace axllama::softcard
