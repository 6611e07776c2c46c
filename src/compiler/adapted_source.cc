#include "compiler/adapted_source.h"

#include <string_view>

namespace axllama::compiler {
namespace {

constexpr std::string_view kEmbedding = "model.embed_tokens.weight";
constexpr std::string_view kHead = "lm_head.weight";

std::string replaced(const std::string& text, std::string_view part, std::string_view by) {
  std::string result = text;
  return result.replace(result.find(part), part.size(), by);
}

/// Where the value that belongs at `place` of a head stands in a head of `dim` values of which the first
/// `rotary` rotate in pairs (i, i + rotary / 2): rotated pairs first, then what passes, each split over the
/// two halves.
std::size_t rotated_place(std::size_t place, std::size_t dim, std::size_t rotary) {
  const std::size_t pairs = rotary / 2;
  const std::size_t half = place / (dim / 2);
  const std::size_t pair = place % (dim / 2);
  return pair < pairs ? pair + half * pairs : rotary + (pair - pairs) + half * (dim - rotary) / 2;
}

}  // namespace

AdaptedSource::Stored AdaptedSource::stored(const std::string& tensor, std::size_t rows) const {
  const auto is = [&](std::string_view part) { return tensor.find(part) != std::string::npos; };
  if (config_.tied_embeddings && tensor == kHead) return {std::string(kEmbedding), rows, 0};
  if (!config_.fused_projections) return {tensor, rows, 0};
  const std::size_t query = config_.heads * config_.head_dim;
  const std::size_t key = config_.kv_heads * config_.head_dim;
  const std::size_t all = query + 2 * key;
  if (is("q_proj")) return {replaced(tensor, "q_proj", "qkv_proj"), all, 0};
  if (is("k_proj")) return {replaced(tensor, "k_proj", "qkv_proj"), all, query};
  if (is("v_proj")) return {replaced(tensor, "v_proj", "qkv_proj"), all, query + key};
  if (is("gate_proj")) return {replaced(tensor, "gate_proj", "gate_up_proj"), 2 * rows, 0};
  if (is("up_proj")) return {replaced(tensor, "up_proj", "gate_up_proj"), 2 * rows, rows};
  return {tensor, rows, 0};
}

void AdaptedSource::read_rotated(const Stored& stored, std::size_t columns, std::size_t first,
                                 std::span<float> out) {
  const std::size_t dim = config_.head_dim;
  const std::size_t rotary = 2 * config_.rope_inv_freq.size();
  for (std::size_t at = 0; at < out.size(); at += columns) {
    const std::size_t row = first + at / columns;
    const std::size_t place = rotated_place(row % dim, dim, rotary);
    const std::span<float> values = out.subspan(at, columns);
    source_.read_rows(stored.tensor, stored.rows, columns, stored.begin + row / dim * dim + place, values);
    if (place >= rotary) continue;
    for (float& value : values) value = static_cast<float>(value * config_.rope_attention_factor);
  }
}

void AdaptedSource::read_rows(const std::string& tensor, std::size_t rows, std::size_t columns,
                              std::size_t first, std::span<float> out) {
  const Stored place = stored(tensor, rows);
  const auto ends = [&](std::string_view part) { return tensor.ends_with(part); };
  const bool rotates = ends("q_proj.weight") || ends("k_proj.weight");
  if (rotates &&
      (2 * config_.rope_inv_freq.size() < config_.head_dim || config_.rope_attention_factor != 1)) {
    read_rotated(place, columns, first, out);
  } else {
    source_.read_rows(place.tensor, place.rows, columns, place.begin + first, out);
  }
  double scale = 1;
  if (tensor == kEmbedding) scale = config_.embedding_scale;
  if (tensor == "model.norm.weight") scale = config_.logit_scale;
  if (ends("o_proj.weight") || ends("down_proj.weight")) scale = config_.residual_scale;
  if (scale == 1) return;
  for (float& value : out) value = static_cast<float>(value * scale);
}

}  // namespace axllama::compiler
