#include "axcl/layer_probe.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <random>
#include <string>

#include "axcl/errors.h"
#include "base/error.h"

namespace axllama::axcl {
namespace {

using base::Bf16;
using base::Error;
using base::ErrorCode;

constexpr std::uint8_t kPattern = 0x5A;
constexpr Bf16 kPatternValue = 0x5A5A;
constexpr Bf16 kHidden = 0xC780;  // -65536
constexpr Bf16 kVisible = 0;

std::size_t last_dim(const TensorDescription& tensor, std::size_t group) {
  const auto& dims = tensor.dims[group];
  return dims.empty() ? 0 : static_cast<std::size_t>(dims.back());
}

std::size_t elements(const TensorDescription& tensor, std::size_t group) {
  const auto& dims = tensor.dims[group];
  return std::accumulate(dims.begin(), dims.end(), std::size_t{1}, [](std::size_t product, std::int32_t dim) {
    return product * static_cast<std::size_t>(std::max(dim, 0));
  });
}

[[noreturn]] void throw_unknown_form(const Model& model, const std::string& what) {
  throw Error(ErrorCode::kUnsupported, "The self-test does not know layers like " +
                                           model.file().filename().string() + ": " + what + ".");
}

}  // namespace

LayerForm LayerForm::of(const Model& model) {
  LayerForm form;
  const auto input = [&](const char* name) {
    const auto index = model.input_index(name);
    if (!index) throw_unknown_form(model, std::string("it has no input ") + name);
    return *index;
  };
  const auto output = [&](const char* name) {
    const auto index = model.output_index(name);
    if (!index) throw_unknown_form(model, std::string("it has no output ") + name);
    return *index;
  };
  form.k_cache = input("K_cache");
  form.v_cache = input("V_cache");
  form.indices = input("indices");
  form.input = input("input");
  form.mask = input("mask");
  form.k_out = output("K_cache_out");
  form.v_out = output("V_cache_out");
  form.output = output("output");

  const TensorDescription& hidden = model.inputs()[form.input];
  const TensorDescription& mask = model.inputs()[form.mask];
  form.hidden = last_dim(hidden, 0);
  form.kv = last_dim(model.outputs()[form.k_out], 0);
  if (form.hidden == 0 || form.kv == 0) throw_unknown_form(model, "its rows are empty");
  for (std::size_t group = 0; group < model.group_count(); ++group) {
    const std::size_t rows = elements(hidden, group) / form.hidden;
    const std::size_t columns = last_dim(mask, group);
    if (rows == 0 || columns < rows) throw_unknown_form(model, "its mask is narrower than its rows");
    if (rows > 1) {
      form.chunks.push_back({group, rows, columns - rows});
    } else if (columns - 1 > form.slots) {
      form.slots = columns - 1;
      form.decode_group = group;
      form.index_rows = elements(model.inputs()[form.indices], group);
    }
  }
  if (form.slots == 0) throw_unknown_form(model, "it has no shape group of one row");
  std::sort(form.chunks.begin(), form.chunks.end(),
            [](const Chunk& a, const Chunk& b) { return a.history < b.history; });
  return form;
}

std::vector<Bf16> probe_row(std::size_t position, std::size_t width) {
  std::mt19937 random(static_cast<std::uint32_t>(position + 1));
  std::vector<Bf16> row(width);
  for (Bf16& value : row) {
    value = base::f32_to_bf16(static_cast<float>(random() >> 8U) * 0x1p-24F - 0.5F);
  }
  return row;
}

std::vector<Bf16> decode_mask(std::size_t slots, std::size_t visible) {
  std::vector<Bf16> mask(slots + 1, kHidden);
  std::fill_n(mask.begin(), std::min(visible, slots), kVisible);
  mask.back() = kVisible;
  return mask;
}

std::vector<Bf16> chunk_mask(std::size_t rows, std::size_t history, std::size_t visible) {
  const std::size_t columns = history + rows;
  std::vector<Bf16> mask(rows * columns, kHidden);
  for (std::size_t row = 0; row < rows; ++row) {
    const auto begin = mask.begin() + static_cast<std::ptrdiff_t>(row * columns);
    std::fill_n(begin, std::min(visible, history), kVisible);
    std::fill_n(begin + static_cast<std::ptrdiff_t>(history), row + 1, kVisible);
  }
  return mask;
}

LayerRun::LayerRun(Card& card, Model& model, const LayerForm& form, std::size_t group)
    : card_(card),
      form_(form),
      group_(group),
      count_(model.outputs()[form.k_out].bytes[group] / (form.kv * sizeof(Bf16))),
      io_(model, group) {
  for (const TensorDescription& tensor : model.inputs()) {
    inputs_.emplace_back(card, tensor.bytes[group]);
    card.fill(inputs_.back().span(), 0);
    io_.bind_input(inputs_.size() - 1, inputs_.back().span());
  }
  for (const TensorDescription& tensor : model.outputs()) {
    outputs_.emplace_back(card, tensor.bytes[group]);
    io_.bind_output(outputs_.size() - 1, outputs_.back().span());
  }
}

void LayerRun::write(std::size_t index, std::span<const Bf16> values) {
  const auto bytes = std::as_bytes(values);
  card_.upload(in(index).subspan(0, bytes.size()), bytes);
}

void LayerRun::write_positions(std::size_t first) {
  std::vector<std::uint32_t> positions(form_.index_rows * count_);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    positions[i] = static_cast<std::uint32_t>(first + i % count_);
  }
  card_.upload(in(form_.indices), std::as_bytes(std::span(positions)));
}

void LayerRun::write_rows(std::size_t first) {
  std::vector<Bf16> rows;
  for (std::size_t row = 0; row < count_; ++row) {
    const auto values = probe_row(first + row, form_.hidden);
    rows.insert(rows.end(), values.begin(), values.end());
  }
  write(form_.input, rows);
  write_positions(first);
}

std::int32_t LayerRun::run() {
  for (const DeviceBuffer& output : outputs_) card_.fill(output.span(), kPattern);
  return io_.execute_unchecked();
}

LayerRows LayerRun::rows() const {
  const auto download = [this](std::size_t index) {
    std::vector<Bf16> values(outputs_[index].size() / sizeof(Bf16));
    card_.download(std::as_writable_bytes(std::span(values)), outputs_[index].span());
    return values;
  };
  const bool has_output = count_ == 1 || count_ >= kMinimumOutputRows;
  return {download(form_.k_out), download(form_.v_out),
          has_output ? download(form_.output) : std::vector<Bf16>()};
}

LayerRows LayerRun::results() {
  check_axcl(run(), "The card does not run the self-test's layer");
  return rows();
}

bool LayerRun::is_untouched(std::span<const Bf16> values) noexcept {
  return std::all_of(values.begin(), values.end(), [](Bf16 value) { return value == kPatternValue; });
}

}  // namespace axllama::axcl
