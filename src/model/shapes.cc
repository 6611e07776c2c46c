#include "model/shapes.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"

namespace axllama::model {
namespace {

using base::Error;
using base::ErrorCode;

/// The last two axes of a tensor; all axes before them are 1.
struct Matrix {
  std::size_t rows = 1;
  std::size_t columns = 1;
};

std::string text_of(const std::vector<std::int32_t>& dims) {
  std::string text = "[";
  for (const std::int32_t dim : dims) text += (text.size() > 1 ? "," : "") + std::to_string(dim);
  return text + "]";
}

/// Reads the tensors of one layer file, naming file, tensor and group in what it throws.
class LayerReader {
 public:
  LayerReader(const std::vector<LayerTensor>& inputs, const std::vector<LayerTensor>& outputs,
              const std::string& file)
      : inputs_(inputs), outputs_(outputs), file_(file) {}

  std::size_t group_count() const {
    const std::size_t count = find("indices").dims.size();
    for (const auto* side : {&inputs_, &outputs_}) {
      for (const LayerTensor& tensor : *side) {
        if (tensor.dims.size() != count) {
          fail(tensor.name + " has " + std::to_string(tensor.dims.size()) + " shape groups and indices has " +
               std::to_string(count));
        }
      }
    }
    if (count == 0) fail("it has no shape group");
    return count;
  }

  Matrix shape(std::string_view name, std::size_t group) const {
    const std::vector<std::int32_t>& dims = find(name).dims[group];
    bool sound =
        !dims.empty() && std::all_of(dims.begin(), dims.end(), [](std::int32_t dim) { return dim > 0; });
    for (std::size_t axis = 0; sound && axis + 2 < dims.size(); ++axis) sound = dims[axis] == 1;
    if (!sound) fail(place(name, group) + " has the shape " + text_of(dims) + ", which no layer uses");
    Matrix matrix;
    matrix.columns = static_cast<std::size_t>(dims.back());
    if (dims.size() > 1) matrix.rows = static_cast<std::size_t>(dims[dims.size() - 2]);
    return matrix;
  }

  /// Throws unless the tensor has exactly this shape; `because` says what asks for it.
  void expect(std::string_view name, std::size_t group, std::size_t rows, std::size_t columns,
              const std::string& because) const {
    const Matrix matrix = shape(name, group);
    if (matrix.rows == rows && matrix.columns == columns) return;
    fail(place(name, group) + " has " + std::to_string(matrix.rows) + " rows of " +
         std::to_string(matrix.columns) + ", but " + because + " asks for " + std::to_string(rows) +
         " rows of " + std::to_string(columns));
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorCode::kInvalidArgument, file_ + " is not a usable layer: " + what + ".");
  }

  static std::string place(std::string_view name, std::size_t group) {
    return std::string(name) + " in shape group " + std::to_string(group);
  }

 private:
  const LayerTensor& find(std::string_view name) const {
    for (const auto* side : {&inputs_, &outputs_}) {
      for (const LayerTensor& tensor : *side) {
        if (tensor.name == name) return tensor;
      }
    }
    fail("it has no tensor " + std::string(name));
  }

  const std::vector<LayerTensor>& inputs_;
  const std::vector<LayerTensor>& outputs_;
  const std::string& file_;
};

/// What every group shares: the widths of hidden state and cache rows.
void check_widths(const LayerReader& reader, std::size_t group, std::size_t rows, const LayerShapes& shapes) {
  reader.expect("input", group, rows, shapes.hidden, "the hidden size of shape group 0");
  reader.expect("output", group, rows, shapes.hidden, "its input");
  reader.expect("K_cache_out", group, rows, shapes.kv_width, "its K_cache");
  reader.expect("V_cache_out", group, rows, shapes.kv_width, "its K_cache");
  const std::size_t slots = reader.shape("K_cache", group).rows;
  reader.expect("K_cache", group, slots, shapes.kv_width, "the cache width of shape group 0");
  reader.expect("V_cache", group, slots, shapes.kv_width, "its K_cache");
}

void read_decode_group(const LayerReader& reader, std::size_t group, LayerShapes& shapes) {
  check_widths(reader, group, 1, shapes);
  const std::size_t slots = reader.shape("K_cache", group).rows;
  reader.expect("mask", group, 1, slots + 1, "a decode group over " + std::to_string(slots) + " cache slots");
  if (slots >
      shapes.context) {  // newer packages carry several decode groups; the largest takes every position
    shapes.context = slots;
    shapes.decode_group = group;
  }
}

void read_prefill_group(const LayerReader& reader, std::size_t group, LayerShapes& shapes) {
  PrefillGroup prefill;
  prefill.group = group;
  prefill.rows = reader.shape("indices", group).columns;
  check_widths(reader, group, prefill.rows, shapes);
  prefill.cache_slots = reader.shape("K_cache", group).rows;
  const std::size_t columns = reader.shape("mask", group).columns;
  if (columns < prefill.rows) {
    reader.fail(LayerReader::place("mask", group) + " has " + std::to_string(columns) +
                " columns, fewer than its " + std::to_string(prefill.rows) + " rows of input");
  }
  prefill.history = columns - prefill.rows;
  reader.expect("mask", group, prefill.rows, columns, "its input");
  // A group without history still has a cache input, one row that the mask hides.
  if (prefill.history != prefill.cache_slots && !(prefill.history == 0 && prefill.cache_slots == 1)) {
    reader.fail(LayerReader::place("mask", group) + " leaves " + std::to_string(prefill.history) +
                " history slots, but K_cache has " + std::to_string(prefill.cache_slots));
  }
  shapes.prefill.push_back(prefill);
}

}  // namespace

std::size_t LayerShapes::prefill_limit() const noexcept {
  std::size_t limit = 0;
  for (const PrefillGroup& candidate : prefill) limit = std::max(limit, candidate.history + candidate.rows);
  return limit;
}

LayerShapes infer_layer_shapes(const std::vector<LayerTensor>& inputs,
                               const std::vector<LayerTensor>& outputs, const std::string& file) {
  const LayerReader reader(inputs, outputs, file);
  const std::size_t groups = reader.group_count();
  LayerShapes shapes;
  shapes.hidden = reader.shape("input", 0).columns;
  shapes.kv_width = reader.shape("K_cache", 0).columns;
  shapes.index_rows = reader.shape("indices", 0).rows;
  for (std::size_t group = 0; group < groups; ++group) {
    const Matrix indices = reader.shape("indices", group);
    const bool decode = indices.columns == 1;
    // Models with several position rows may still take a single one while decoding.
    shapes.index_rows = std::max(shapes.index_rows, indices.rows);
    if (decode) {
      read_decode_group(reader, group, shapes);
    } else {
      read_prefill_group(reader, group, shapes);
    }
  }
  if (shapes.context == 0)
    reader.fail("none of its " + std::to_string(groups) + " shape groups is for decoding");
  std::sort(shapes.prefill.begin(), shapes.prefill.end(), [](const PrefillGroup& a, const PrefillGroup& b) {
    return a.history != b.history ? a.history < b.history : a.rows < b.rows;
  });
  return shapes;
}

}  // namespace axllama::model
