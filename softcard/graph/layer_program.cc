#include "softcard/graph/layer_program.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/bfloat16.h"

namespace axllama::softcard {
namespace {

// Positions in the alphabetical tensor lists.
enum Input : std::size_t { kKeyCache, kValueCache, kIndices, kHidden, kMask };
enum Output : std::size_t { kKeyRows, kValueRows, kResult };

/// Upper bound of the RoPE table: 2^28 angles are 2 GiB.
constexpr std::size_t kMaxRopeAngles = std::size_t{1} << 28U;

std::int32_t dim(std::size_t value) {
  return static_cast<std::int32_t>(value);
}

bool is_nan(std::uint16_t bits) noexcept {
  return (bits & 0x7FFFU) > 0x7F80U;
}

std::vector<float> optional_vector(const ProgramImage& image, const std::string& name, std::size_t count) {
  return image.has_tensor(name) ? image.f32_vector(name, count) : std::vector<float>{};
}

}  // namespace

/// The state of one execute() call. bf16 tensors are [rows, ...] with packed rows.
struct LayerProgram::Execution {
  explicit Execution(const LayerGroup& shape_group) : group(shape_group) {}

  const LayerGroup& group;
  std::size_t active = 0;  // rows that are computed
  const std::uint16_t* key_cache = nullptr;
  const std::uint16_t* value_cache = nullptr;
  std::vector<std::uint32_t> indices;  // [active]
  const std::uint16_t* input = nullptr;
  std::span<const std::uint16_t> mask;
  std::uint16_t* key_rows = nullptr;
  std::uint16_t* value_rows = nullptr;
  std::uint16_t* output = nullptr;

  std::shared_ptr<Workspace> workspace;
  ActivationRows residual;  // [active, hidden]
  ActivationRows key;       // [active, kv]
  ActivationRows value;
};

LayerProgram::LayerProgram(const ProgramImage& image) : config_(LayerConfig::parse(image)) {
  shape_ = {config_.heads, config_.kv_heads, config_.head_dim};
  const std::size_t hidden = config_.hidden;
  const std::size_t query = config_.query_size();
  const std::size_t kv = config_.kv_size();
  attn_norm_ = image.f32_vector("attn_norm", hidden);
  mlp_norm_ = image.f32_vector("mlp_norm", hidden);
  if (image.has_tensor("attn_post_norm") || image.has_tensor("mlp_post_norm")) {
    attn_post_norm_ = image.f32_vector("attn_post_norm", hidden);
    mlp_post_norm_ = image.f32_vector("mlp_post_norm", hidden);
  }
  gate_multiply_ =
      config_.activation == Activation::kGeluTanh ? kernels_.gelu_multiply : kernels_.silu_multiply;
  if (config_.qk_norm) {
    q_norm_ = image.f32_vector("q_norm", config_.head_dim);
    k_norm_ = image.f32_vector("k_norm", config_.head_dim);
  }
  q_bias_ = optional_vector(image, "q_proj.bias", query);
  k_bias_ = optional_vector(image, "k_proj.bias", kv);
  v_bias_ = optional_vector(image, "v_proj.bias", kv);
  const std::size_t half = config_.head_dim / 2;
  if (config_.positions() > kMaxRopeAngles / half) {
    image.fail("the shape groups reach position " + std::to_string(config_.positions()) +
               ", above the limit of " + std::to_string(kMaxRopeAngles / half));
  }
  rope_ = RopeTable::shared(image.f32_vector("rope_inv_freq", half), config_.positions());
  std::vector<ProjectionTensor> tensors;
  tensors.push_back(image.projection("q_proj", query, hidden));
  tensors.push_back(image.projection("k_proj", kv, hidden));
  tensors.push_back(image.projection("v_proj", kv, hidden));
  tensors.push_back(image.projection("o_proj", hidden, query));
  tensors.push_back(image.projection("gate_proj", config_.intermediate, hidden));
  tensors.push_back(image.projection("up_proj", config_.intermediate, hidden));
  tensors.push_back(image.projection("down_proj", hidden, config_.intermediate));
  weights_ = WeightStore(tensors, *pool_);
  describe_tensors();
}

void LayerProgram::describe_tensors() {
  inputs_ = {{"K_cache", ElementType::kBf16, {}},
             {"V_cache", ElementType::kBf16, {}},
             {"indices", ElementType::kUint32, {}},
             {"input", ElementType::kBf16, {}},
             {"mask", ElementType::kBf16, {}}};
  outputs_ = {{"K_cache_out", ElementType::kBf16, {}},
              {"V_cache_out", ElementType::kBf16, {}},
              {"output", ElementType::kBf16, {}}};
  for (const LayerGroup& group : config_.groups) {
    const std::int32_t rows = dim(group.rows);
    const std::int32_t kv = dim(config_.kv_size());
    const std::int32_t hidden = dim(config_.hidden);
    inputs_[kKeyCache].dims.push_back({1, dim(group.cache_slots()), kv});
    inputs_[kValueCache].dims.push_back({1, dim(group.cache_slots()), kv});
    inputs_[kIndices].dims.push_back({1, rows});
    inputs_[kHidden].dims.push_back({1, rows, hidden});
    inputs_[kMask].dims.push_back({1, rows, dim(group.columns())});
    outputs_[kKeyRows].dims.push_back({1, rows, kv});
    outputs_[kValueRows].dims.push_back({1, rows, kv});
    outputs_[kResult].dims.push_back({1, rows, hidden});
  }
}

ExecutionCost LayerProgram::cost(std::size_t group) const {
  const LayerGroup& g = config_.groups.at(group);
  const std::uint64_t attention = std::uint64_t{2} * g.columns() * config_.query_size();
  return {weights_.tensor_bytes(), std::uint64_t{2} * g.history * config_.kv_size() * sizeof(std::uint16_t),
          g.rows * weights_.parameters(), g.rows * attention};
}

void LayerProgram::execute(std::size_t group, std::span<const std::byte* const> input_data,
                           std::span<std::byte* const> output_data) {
  if (group >= config_.groups.size()) {
    throw ProgramError("the layer has " + std::to_string(config_.groups.size()) + " shape groups, not " +
                       std::to_string(group + 1) + ".");
  }
  Execution run(config_.groups[group]);
  const auto bf16_in = [&](Input i) { return reinterpret_cast<const std::uint16_t*>(input_data[i]); };
  const auto bf16_out = [&](Output i) { return reinterpret_cast<std::uint16_t*>(output_data[i]); };
  run.key_cache = bf16_in(kKeyCache);
  run.value_cache = bf16_in(kValueCache);
  run.input = bf16_in(kHidden);
  run.mask = {bf16_in(kMask), run.group.rows * run.group.columns()};
  run.key_rows = bf16_out(kKeyRows);
  run.value_rows = bf16_out(kValueRows);
  run.output = bf16_out(kResult);
  run.active = count_active_rows(run.mask, run.group.rows, run.group.columns());
  run.indices.resize(run.active);
  std::memcpy(run.indices.data(), input_data[kIndices], run.active * sizeof(std::uint32_t));
  for (const std::uint32_t index : run.indices) {
    if (index >= config_.positions()) {
      throw ProgramError("indices holds position " + std::to_string(index) +
                         ", the model's positions end at " + std::to_string(config_.positions() - 1) + ".");
    }
  }
  run.workspace = workspaces_->borrow();
  run.workspace->per_thread.resize(std::max(run.workspace->per_thread.size(), pool_->size()));

  load_input(run);
  Workspace& workspace = *run.workspace;
  const Activations query(kernels_, workspace, Workspace::kQuery, run.active, config_.query_size(),
                          {&projection(kO)});
  {
    const Activations normed(kernels_, workspace, Workspace::kNormed, run.active, config_.hidden,
                             {&projection(kQ), &projection(kK), &projection(kV)});
    normalise(run, attn_norm_, normed);
    project_qkv(run, normed, query);
  }
  run_attention(run, query);
  if (!run.group.writes_output()) return;
  project_output(run, query);
  const Activations normed(kernels_, workspace, Workspace::kNormed, run.active, config_.hidden,
                           {&projection(kGate), &projection(kUp)});
  normalise(run, mlp_norm_, normed);
  const Activations activated(kernels_, workspace, Workspace::kActivated, run.active, config_.intermediate,
                              {&projection(kDown)});
  run_mlp(run, normed, activated);
}

void LayerProgram::load_input(Execution& run) const {
  Workspace& workspace = *run.workspace;
  run.residual = workspace.rows(Workspace::kResidual, run.active, config_.hidden);
  run.key = workspace.rows(Workspace::kKey, run.active, config_.kv_size());
  run.value = workspace.rows(Workspace::kValue, run.active, config_.kv_size());
  for (std::size_t row = 0; row < run.active; ++row) {
    kernels_.bf16_to_f32(run.input + row * config_.hidden, config_.hidden, run.residual.row(row));
  }
  // Padding rows.
  const std::size_t padding = run.group.rows - run.active;
  std::fill_n(run.key_rows + run.active * config_.kv_size(), padding * config_.kv_size(), std::uint16_t{0});
  std::fill_n(run.value_rows + run.active * config_.kv_size(), padding * config_.kv_size(), std::uint16_t{0});
  if (run.group.writes_output()) {
    std::fill_n(run.output + run.active * config_.hidden, padding * config_.hidden, std::uint16_t{0});
  }
}

void LayerProgram::normalise(Execution& run, const std::vector<float>& gain,
                             const Activations& normed) const {
  const std::size_t scratch = normed.floats().stride;
  for (ScratchBuffer& buffer : run.workspace->per_thread) buffer.reserve(scratch);
  pool_->for_each(run.active, [&](std::size_t row, std::size_t thread) {
    float* x = normed.integers_only() ? run.workspace->per_thread[thread].reserve(scratch) : normed.row(row);
    kernels_.rms_norm(run.residual.row(row), gain.data(), config_.rms_eps, config_.hidden, x);
    normed.finish_row(row, x);
  });
}

void LayerProgram::project_qkv(Execution& run, const Activations& normed, const Activations& query) const {
  struct Part {
    const Projection& projection;
    const ActivationRows& rows;
  };
  const Part parts[] = {
      {projection(kQ), query.floats()}, {projection(kK), run.key}, {projection(kV), run.value}};
  const std::size_t tasks = parts[0].projection.blocks() + parts[1].projection.blocks() * 2;
  pool_->for_each(tasks, [&](std::size_t task, std::size_t) {
    std::size_t block = task;
    const Part* part = parts;
    while (block >= part->projection.blocks()) block -= (part++)->projection.blocks();
    normed.project(part->projection, block, part->rows.data + block * kBlockRows, part->rows.stride);
  });
  pool_->for_each(run.active, [&](std::size_t row, std::size_t) { finish_row(run, row, query.row(row)); });
}

/// Bias, per-head norms, RoPE, and K and V to bf16.
void LayerProgram::finish_row(Execution& run, std::size_t row, float* query) const {
  const std::size_t kv = config_.kv_size();
  float* key = run.key.row(row);
  float* value = run.value.row(row);
  if (!q_bias_.empty()) kernels_.add(query, q_bias_.data(), q_bias_.size());
  if (!k_bias_.empty()) kernels_.add(key, k_bias_.data(), k_bias_.size());
  if (!v_bias_.empty()) kernels_.add(value, v_bias_.data(), v_bias_.size());
  const float* cosine = rope_->cosine(run.indices[row]);
  const float* sine = rope_->sine(run.indices[row]);
  const auto finish_heads = [&](float* heads, std::size_t count, const std::vector<float>& norm) {
    for (std::size_t head = 0; head < count; ++head, heads += config_.head_dim) {
      if (!norm.empty()) kernels_.rms_norm(heads, norm.data(), config_.rms_eps, config_.head_dim, heads);
      kernels_.rotate_half(heads, cosine, sine, config_.head_dim / 2);
    }
  };
  finish_heads(query, config_.heads, q_norm_);
  kernels_.scale(query, 1.0F / std::sqrt(static_cast<float>(config_.head_dim)), config_.query_size());
  finish_heads(key, config_.kv_heads, k_norm_);
  kernels_.f32_to_bf16(key, kv, run.key_rows + row * kv);
  kernels_.f32_to_bf16(value, kv, run.value_rows + row * kv);
}

bool LayerProgram::has_nan_rows(const Execution& run, const AttentionCache& cache) const {
  const UninitializedCache policy = uninitialized_cache();
  // A single row never meets the columns it does not see, so there is nothing to find out.
  if (policy == UninitializedCache::kIgnore && run.active == 1) return false;
  const auto refuse = [&](const char* tensor, std::size_t row) {
    throw UninitializedCacheError(std::string(tensor) + " row " + std::to_string(row) +
                                  " is NaN: it was never written (caches must "
                                  "be zeroed before first use).");
  };
  bool found = false;
  const std::size_t kv = config_.kv_size();
  for (std::size_t slot = 0; slot < cache.history; ++slot) {
    const bool key = is_nan(cache.keys[slot * kv]);
    if (!key && !is_nan(cache.values[slot * kv])) continue;
    if (policy == UninitializedCache::kRefuse) refuse(key ? "K_cache" : "V_cache", slot);
    found = true;
  }
  for (std::size_t row = 0; row < run.group.rows; ++row) {
    const bool nan = row < run.active ? is_nan(cache.own_keys[row * kv]) || is_nan(cache.own_values[row * kv])
                                      : is_nan(run.input[row * config_.hidden]);
    if (!nan) continue;
    if (policy == UninitializedCache::kRefuse) refuse("input", row);
    found = true;
  }
  return found;
}

void LayerProgram::run_attention(Execution& run, const Activations& query) const {
  AttentionCache cache{run.key_cache, run.value_cache, run.group.history, run.key_rows, run.value_rows};
  const bool nan = has_nan_rows(run, cache);
  if (nan && uninitialized_cache() == UninitializedCache::kPoison) {
    for (std::size_t row = 0; row < run.active; ++row) {
      std::fill_n(query.row(row), config_.query_size(), std::numeric_limits<float>::quiet_NaN());
    }
    return;
  }
  if (!run.group.writes_output()) return;
  // Tiles of several rows multiply hidden columns by 0, which NaN would survive.
  const std::size_t tile_rows = nan ? 1 : shape_.rows_per_tile();
  LookBack look_back;
  if (config_.window != 0) look_back = {config_.window, run.group.history, run.indices};
  MaskPlanCache& plans = config_.window != 0 ? run.workspace->window_plans : run.workspace->mask_plans;
  const MaskPlan& plan = plans.plan(run.mask, run.active, run.group.columns(), tile_rows, look_back);
  attend(kernels_, *pool_, *run.workspace, shape_, plan, cache, query.floats(), query.floats());
}

ActivationRows LayerProgram::project_rows(Execution& run, const Activations& x,
                                          const Projection& projection) const {
  const ActivationRows sums = run.workspace->rows(Workspace::kAdded, run.active, config_.hidden);
  pool_->for_each(projection.blocks(), [&](std::size_t block, std::size_t) {
    x.project(projection, block, sums.data + block * kBlockRows, sums.stride);
  });
  return sums;
}

void LayerProgram::project_output(Execution& run, const Activations& attended) const {
  pool_->for_each(run.active, [&](std::size_t row, std::size_t) { attended.finish_row(row); });
  const Projection& output = projection(kO);
  if (!attn_post_norm_.empty()) {
    const ActivationRows sums = project_rows(run, attended, output);
    pool_->for_each(run.active, [&](std::size_t row, std::size_t) {
      float* x = sums.row(row);
      kernels_.rms_norm(x, attn_post_norm_.data(), config_.rms_eps, config_.hidden, x);
      kernels_.add(run.residual.row(row), x, config_.hidden);
    });
    return;
  }
  const std::size_t scratch = run.active * kBlockRows;
  for (ScratchBuffer& buffer : run.workspace->per_thread) buffer.reserve(scratch);
  pool_->for_each(output.blocks(), [&](std::size_t block, std::size_t thread) {
    float* sums = run.workspace->per_thread[thread].reserve(scratch);
    attended.project(output, block, sums, kBlockRows);
    const std::size_t first = block * kBlockRows;
    const std::size_t count = std::min(kBlockRows, config_.hidden - first);
    for (std::size_t row = 0; row < run.active; ++row) {
      kernels_.add(run.residual.row(row) + first, sums + row * kBlockRows, count);
    }
  });
}

void LayerProgram::activate(Execution& run, const Activations& normed, const Activations& activated) const {
  const std::size_t block_floats = run.active * kBlockRows;
  for (ScratchBuffer& buffer : run.workspace->per_thread) buffer.reserve(2 * block_floats);
  pool_->for_each(projection(kGate).blocks(), [&](std::size_t block, std::size_t thread) {
    float* gates = run.workspace->per_thread[thread].reserve(2 * block_floats);
    float* ups = gates + block_floats;
    normed.project(projection(kGate), block, gates, kBlockRows);
    normed.project(projection(kUp), block, ups, kBlockRows);
    for (std::size_t row = 0; row < run.active; ++row) {
      gate_multiply_(gates + row * kBlockRows, ups + row * kBlockRows, kBlockRows,
                     activated.row(row) + block * kBlockRows);
    }
  });
  pool_->for_each(run.active, [&](std::size_t row, std::size_t) { activated.finish_row(row); });
}

/// The same for many rows of integers: all that shares an activation scale at a time, so that floats do not
/// leave the cache.
void LayerProgram::activate_spans(Execution& run, const Activations& normed,
                                  const Activations& activated) const {
  constexpr std::size_t kSpanBlocks = kScaleDepth / kBlockRows;
  const std::size_t blocks = projection(kGate).blocks();
  const std::size_t span_floats = run.active * kScaleDepth;
  for (ScratchBuffer& buffer : run.workspace->per_thread) buffer.reserve(2 * span_floats);
  pool_->for_each((blocks + kSpanBlocks - 1) / kSpanBlocks, [&](std::size_t span, std::size_t thread) {
    float* gates = run.workspace->per_thread[thread].reserve(2 * span_floats);
    float* ups = gates + span_floats;
    const std::size_t first = span * kSpanBlocks;
    const std::size_t count = std::min(kSpanBlocks, blocks - first);
    for (std::size_t block = 0; block < count; ++block) {
      normed.project(projection(kGate), first + block, gates + block * kBlockRows, kScaleDepth);
      normed.project(projection(kUp), first + block, ups + block * kBlockRows, kScaleDepth);
    }
    for (std::size_t row = 0; row < run.active; ++row) {
      float* x = gates + row * kScaleDepth;
      gate_multiply_(x, ups + row * kScaleDepth, count * kBlockRows, x);
      activated.finish_span(row, span * kScaleDepth, x);
    }
  });
}

void LayerProgram::run_mlp(Execution& run, const Activations& normed, const Activations& activated) const {
  if (run.active > 1 && activated.integers_only()) {
    activate_spans(run, normed, activated);
  } else {
    activate(run, normed, activated);
  }
  const Projection& down = projection(kDown);
  if (!mlp_post_norm_.empty()) {
    const ActivationRows sums = project_rows(run, activated, down);
    pool_->for_each(run.active, [&](std::size_t row, std::size_t) {
      float* x = sums.row(row);
      kernels_.rms_norm(x, mlp_post_norm_.data(), config_.rms_eps, config_.hidden, x);
      kernels_.add(x, run.residual.row(row), config_.hidden);
      kernels_.f32_to_bf16(x, config_.hidden, run.output + row * config_.hidden);
    });
    return;
  }
  const std::size_t block_floats = run.active * kBlockRows;
  for (ScratchBuffer& buffer : run.workspace->per_thread) buffer.reserve(block_floats);
  pool_->for_each(down.blocks(), [&](std::size_t block, std::size_t thread) {
    float* sums = run.workspace->per_thread[thread].reserve(block_floats);
    activated.project(down, block, sums, kBlockRows);
    const std::size_t first = block * kBlockRows;
    const std::size_t count = std::min(kBlockRows, config_.hidden - first);
    for (std::size_t row = 0; row < run.active; ++row) {
      kernels_.add(sums + row * kBlockRows, run.residual.row(row) + first, count);
      kernels_.f32_to_bf16(sums + row * kBlockRows, count, run.output + row * config_.hidden + first);
    }
  });
}

}  // namespace axllama::softcard
