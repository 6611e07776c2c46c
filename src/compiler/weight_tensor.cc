#include "compiler/weight_tensor.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "base/error.h"
#include "compiler/float16.h"
#include "compiler/quantize.h"

namespace axllama::compiler {
namespace {

using softcard::BlockSource;
using softcard::kBlockRows;
using softcard::PackedLayout;
using softcard::WeightKind;

[[noreturn]] void fail_infinite(const std::string& tensor) {
  throw base::Error(base::ErrorCode::kInvalidArgument,
                    "the tensor " + tensor + " holds a value that is not finite");
}

void check_finite(const std::string& tensor, std::span<const float> values) {
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
    fail_infinite(tensor);
  }
}

void check_finite(const std::string& tensor, const std::vector<std::uint16_t>& halves) {
  if (!std::all_of(halves.begin(), halves.end(),
                   [](std::uint16_t half) { return std::isfinite(f16_to_f32(half)); })) {
    fail_infinite(tensor);
  }
}

}  // namespace

void TensorSet::add_vector(const std::string& name, const std::string& tensor, std::size_t columns) {
  std::vector<float> values(columns);
  source_.read_rows(tensor, 1, columns, 0, values);
  check_finite(tensor, values);
  add_values(name, values);
}

void TensorSet::add_values(const std::string& name, const std::vector<float>& values) {
  streams_.push_back({name, "F32", {static_cast<std::int64_t>(values.size())}, [values](const Write& write) {
                        write(std::as_bytes(std::span(values)));
                      }});
}

void TensorSet::add_matrix(const std::string& name, const std::string& tensor, std::size_t rows,
                           std::size_t columns) {
  const WeightKind* source_kind = source_.stored_kind(tensor);
  const WeightKind* kind = kind_;
  if (kind == nullptr) kind = source_kind == nullptr ? softcard::find_weight_kind("bf16") : source_kind;
  const bool stored = kind == source_kind && !kind->is_float();
  const PackedLayout layout{*kind, rows, columns};
  packed_[name] = kind->name;
  weights_[std::string(kind->name)] += static_cast<std::uint64_t>(rows) * columns;
  streams_.push_back(
      {name,
       "U8",
       {static_cast<std::int64_t>(layout.blocks()), static_cast<std::int64_t>(layout.block_bytes())},
       [this, layout, tensor, stored](const Write& write) { write_matrix(layout, tensor, stored, write); }});
}

void TensorSet::write_matrix(const PackedLayout& layout, const std::string& tensor, bool stored,
                             const Write& write) const {
  std::vector<std::byte> block(layout.block_bytes());
  std::vector<float> floats;
  for (std::size_t first = 0; first < layout.rows; first += kBlockRows) {
    const std::size_t rows = std::min(kBlockRows, layout.rows - first);
    BlockSource source;
    if (stored) {
      source_.read_stored(tensor, layout.rows, layout.columns, first, rows, source);
      check_finite(tensor, source.scales);
      check_finite(tensor, source.minimums);
    } else {
      floats.resize(rows * layout.columns);
      source_.read_rows(tensor, layout.rows, layout.columns, first, floats);
      check_finite(tensor, floats);
      for (std::size_t row = 0; row < rows; ++row) {
        quantize_row(layout.kind, std::span(floats).subspan(row * layout.columns, layout.columns), source);
      }
      check_finite(tensor, source.scales);
    }
    pack_block(layout, source, rows, block);
    write(block);
  }
}

void TensorSet::write(const std::filesystem::path& file,
                      const std::map<std::string, std::string>& metadata) const {
  base::write_safetensors(file, metadata, streams_);
}

}  // namespace axllama::compiler
