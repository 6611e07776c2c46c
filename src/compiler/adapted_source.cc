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

bool AdaptedSource::is_reordered(const std::string& tensor) const {
  const bool rotates = tensor.ends_with("q_proj.weight") || tensor.ends_with("k_proj.weight");
  return rotates && 2 * config_.rope_inv_freq.size() < config_.head_dim;
}

bool AdaptedSource::has_attention_factor(const std::string& tensor) const {
  const bool rotates = tensor.ends_with("q_proj.weight") || tensor.ends_with("k_proj.weight");
  return rotates && config_.rope_attention_factor != 1;
}

std::size_t AdaptedSource::reordered_row(const Stored& stored, std::size_t row) const {
  const std::size_t dim = config_.head_dim;
  const std::size_t rotary = 2 * config_.rope_inv_freq.size();
  return stored.begin + row / dim * dim + rotated_place(row % dim, dim, rotary);
}

double AdaptedSource::scale_of(const std::string& tensor) const {
  if (tensor == kEmbedding) return config_.embedding_scale;
  if (tensor.ends_with("q_norm.weight")) return config_.query_scale;
  if (tensor == "model.norm.weight") return config_.logit_scale;
  if (tensor.ends_with("o_proj.weight") || tensor.ends_with("down_proj.weight"))
    return config_.residual_scale;
  return 1;
}

void AdaptedSource::read_rows(const std::string& tensor, std::size_t rows, std::size_t columns,
                              std::size_t first, std::span<float> out) {
  const Stored place = stored(tensor, rows);
  const bool reordered = is_reordered(tensor);
  if (reordered) {
    for (std::size_t at = 0; at < out.size(); at += columns) {
      const std::size_t row = reordered_row(place, first + at / columns);
      source_.read_rows(place.tensor, place.rows, columns, row, out.subspan(at, columns));
    }
  } else {
    source_.read_rows(place.tensor, place.rows, columns, place.begin + first, out);
  }
  if (config_.gains_from_one && tensor.ends_with("norm.weight")) {
    for (float& value : out) value += 1.0F;
  }
  const double scale = scale_of(tensor);
  if (scale != 1) {
    for (float& value : out) value = static_cast<float>(value * scale);
  }
  if (!has_attention_factor(tensor)) return;
  const std::size_t rotary = 2 * config_.rope_inv_freq.size();
  for (std::size_t at = 0; at < out.size(); at += columns) {
    const std::size_t row = (first + at / columns) % config_.head_dim;
    if (rotated_place(row, config_.head_dim, rotary) >= rotary) continue;
    for (float& value : out.subspan(at, columns))
      value = static_cast<float>(value * config_.rope_attention_factor);
  }
}

const softcard::WeightKind* AdaptedSource::stored_kind(const std::string& tensor) const {
  const bool scaled = scale_of(tensor) != 1 || has_attention_factor(tensor);
  return scaled ? nullptr : source_.stored_kind(stored(tensor, 0).tensor);
}

void AdaptedSource::read_stored(const std::string& tensor, std::size_t rows, std::size_t columns,
                                std::size_t first, std::size_t count, softcard::BlockSource& out) {
  const Stored place = stored(tensor, rows);
  if (!is_reordered(tensor)) {
    source_.read_stored(place.tensor, place.rows, columns, place.begin + first, count, out);
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    source_.read_stored(place.tensor, place.rows, columns, reordered_row(place, first + i), 1, out);
  }
}

}  // namespace axllama::compiler
