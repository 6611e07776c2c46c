#include "compiler/gguf_source.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace axllama::compiler {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::array kNames = {
    std::pair<std::string_view, std::string_view>{"model.embed_tokens.weight", "token_embd.weight"},
    std::pair<std::string_view, std::string_view>{"model.norm.weight", "output_norm.weight"},
    std::pair<std::string_view, std::string_view>{"lm_head.weight", "output.weight"},
};

// Inside a layer.
constexpr std::array kLayerNames = {
    std::pair<std::string_view, std::string_view>{"input_layernorm", "attn_norm"},
    std::pair<std::string_view, std::string_view>{"self_attn.q_proj", "attn_q"},
    std::pair<std::string_view, std::string_view>{"self_attn.k_proj", "attn_k"},
    std::pair<std::string_view, std::string_view>{"self_attn.v_proj", "attn_v"},
    std::pair<std::string_view, std::string_view>{"self_attn.qkv_proj", "attn_qkv"},
    std::pair<std::string_view, std::string_view>{"self_attn.o_proj", "attn_output"},
    std::pair<std::string_view, std::string_view>{"self_attn.q_norm", "attn_q_norm"},
    std::pair<std::string_view, std::string_view>{"self_attn.k_norm", "attn_k_norm"},
    std::pair<std::string_view, std::string_view>{"post_attention_layernorm", "ffn_norm"},
    std::pair<std::string_view, std::string_view>{"pre_feedforward_layernorm", "ffn_norm"},
    std::pair<std::string_view, std::string_view>{"post_feedforward_layernorm", "post_ffw_norm"},
    std::pair<std::string_view, std::string_view>{"mlp.gate_proj", "ffn_gate"},
    std::pair<std::string_view, std::string_view>{"mlp.up_proj", "ffn_up"},
    std::pair<std::string_view, std::string_view>{"mlp.gate_up_proj",
                                                  "ffn_up"},  // both halves, as Phi-3 has them
    std::pair<std::string_view, std::string_view>{"mlp.down_proj", "ffn_down"},
};

constexpr std::string_view kLayerPrefix = "model.layers.";

// Architectures whose converters reorder query and key rows (llama.cpp, convert_hf_to_gguf.py: permute).
bool has_interleaved_rows(const std::string& architecture) {
  constexpr std::array<std::string_view, 3> kInterleaved = {"llama", "smollm3", "minicpm"};
  return std::find(kInterleaved.begin(), kInterleaved.end(), architecture) != kInterleaved.end();
}

std::string shape_of(const GgufTensor& tensor) {
  std::string text = "[";
  for (auto dim = tensor.dims.rbegin(); dim != tensor.dims.rend(); ++dim) {
    text += (text.size() > 1 ? ", " : "") + std::to_string(*dim);
  }
  return text + "]";
}

void check_shape(const GgufFile& file, const std::string& name, const GgufTensor& tensor, std::size_t rows,
                 std::size_t columns) {
  const std::size_t stored_rows = tensor.dims.size() > 1 ? tensor.dims[1] : 1;
  const bool flat = std::all_of(tensor.dims.begin() + std::min<std::ptrdiff_t>(2, std::ssize(tensor.dims)),
                                tensor.dims.end(), [](std::uint64_t dim) { return dim == 1; });
  if (flat && tensor.dims[0] == columns && stored_rows == rows) return;
  throw Error(ErrorCode::kInvalidArgument, file.path().string() + ": the tensor " + name + " has the shape " +
                                               shape_of(tensor) + ", expected [" + std::to_string(rows) +
                                               ", " + std::to_string(columns) + "]");
}

}  // namespace

std::string gguf_tensor_name(const std::string& tensor, bool post_norms) {
  for (const auto& [name, stored] : kNames) {
    if (tensor == name) return std::string(stored);
  }
  if (!tensor.starts_with(kLayerPrefix)) return {};
  const std::size_t number = kLayerPrefix.size();
  const std::size_t dot = tensor.find('.', number);
  const std::size_t kind = tensor.rfind('.');  // ".weight" or ".bias"
  if (dot == std::string::npos || kind <= dot) return {};
  const std::string_view part = std::string_view(tensor).substr(dot + 1, kind - dot - 1);
  const auto in_layer = [&](std::string_view stored) {
    return "blk." + tensor.substr(number, dot - number) + "." + std::string(stored) + tensor.substr(kind);
  };
  if (post_norms && part == "post_attention_layernorm") return in_layer("post_attention_norm");
  for (const auto& [name, stored] : kLayerNames) {
    if (part == name) return in_layer(stored);
  }
  return {};
}

GgufSource::GgufSource(const GgufFile& file, const DecoderConfig& config)
    : file_(file), config_(config), interleaved_(has_interleaved_rows(config.architecture)) {}

bool GgufSource::has(const std::string& tensor) const {
  return file_.tensors().contains(gguf_tensor_name(tensor, config_.post_norms));
}

const softcard::WeightKind* GgufSource::stored_kind(const std::string& tensor) const {
  const auto found = file_.tensors().find(gguf_tensor_name(tensor, config_.post_norms));
  return found == file_.tensors().end() ? nullptr : &weight_kind(found->second.type);
}

template <typename Use>
void GgufSource::for_rows(const std::string& tensor, std::size_t rows, std::size_t columns, std::size_t first,
                          std::size_t count, const Use& use) const {
  const std::string name = gguf_tensor_name(tensor, config_.post_norms);
  const auto found = file_.tensors().find(name);
  if (found == file_.tensors().end()) {
    throw Error(ErrorCode::kInvalidArgument,
                file_.path().string() + " has no tensor " + (name.empty() ? tensor : name));
  }
  const GgufTensor& stored = found->second;
  check_shape(file_, name, stored, rows, columns);
  const GgmlBlock& block = *ggml_block(stored.type);
  const std::size_t row_bytes = columns / block.elements * block.bytes;
  const bool reordered =
      interleaved_ && (tensor.ends_with("q_proj.weight") || tensor.ends_with("k_proj.weight"));
  const std::size_t half = config_.head_dim / 2;
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t row = first + i;
    if (reordered) {
      const std::size_t place = row % config_.head_dim;
      row += place % half * 2 + place / half - place;
    }
    use(stored.type, stored.data.subspan(row * row_bytes, row_bytes));
  }
}

void GgufSource::read_rows(const std::string& tensor, std::size_t rows, std::size_t columns,
                           std::size_t first, std::span<float> out) {
  for_rows(tensor, rows, columns, first, out.size() / columns,
           [&](GgmlType type, std::span<const std::byte> row) {
             dequantize(type, row, out.first(columns));
             out = out.subspan(columns);
           });
}

void GgufSource::read_stored(const std::string& tensor, std::size_t rows, std::size_t columns,
                             std::size_t first, std::size_t count, softcard::BlockSource& out) {
  for_rows(tensor, rows, columns, first, count,
           [&](GgmlType type, std::span<const std::byte> row) { append_stored(type, row, out); });
}

}  // namespace axllama::compiler
