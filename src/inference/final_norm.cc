#include "inference/final_norm.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace axllama::inference {
namespace {

using base::Bf16;

/// Qwen3's; hidden states are so much larger that other models' 1e-5 gives the same.
constexpr double kEpsilon = 1e-6;
/// What a gain may be off between two rows, as a share of the largest: arithmetic of a few bits, no more.
constexpr float kGainTolerance = 0.02F;

std::vector<float> norm_row(axcl::Card& card, Head& head, std::span<const Bf16> row) {
  card.upload(head.input(), std::as_bytes(row));
  const std::span<const Bf16> normed = head.run_norm();
  std::vector<float> values(normed.size());
  std::transform(normed.begin(), normed.end(), values.begin(), base::bf16_to_f32);
  return values;
}

}  // namespace

std::vector<float> find_norm_gain(axcl::Card& card, Head& head, const std::string& head_name) {
  const std::size_t hidden = head.input().size / sizeof(Bf16);
  if (!head.gives_norm()) {
    return std::vector<float>(hidden, 1.0F);
  }
  std::vector<Bf16> row(hidden, base::f32_to_bf16(1.0F));
  const std::vector<float> gain = norm_row(card, head, row);
  for (std::size_t i = 1; i < hidden; i += 2) {
    row[i] = base::f32_to_bf16(-1.0F);
  }
  const std::vector<float> alternating = norm_row(card, head, row);
  float largest = 0;
  float difference = 0;
  for (std::size_t i = 0; i < hidden; ++i) {
    largest = std::max(largest, std::abs(gain[i]));
    difference = std::max(difference, std::abs((i % 2 == 0 ? alternating[i] : -alternating[i]) - gain[i]));
  }
  if (!(largest > 0 && difference <= kGainTolerance * largest)) {  // nor NaN
    throw base::Error(base::ErrorCode::kDevice,
                      "The output_norm of " + head_name +
                          " is not that of a root-mean-square norm, so this model cannot embed texts: ones "
                          "give a gain of up to " +
                          std::to_string(largest) + ", and alternating ones differ from it by up to " +
                          std::to_string(difference) + ".");
  }
  return gain;
}

void StatePool::add(std::span<const Bf16> rows, std::span<const float> gain) {
  if (rows.empty()) {
    return;
  }
  sum_.resize(gain.size());
  for (std::size_t first = 0; first < rows.size(); first += gain.size()) {
    double squares = 0;
    for (std::size_t i = 0; i < gain.size(); ++i) {
      const double value = base::bf16_to_f32(rows[first + i]);
      squares += value * value;
    }
    const double factor = 1 / std::sqrt(squares / static_cast<double>(gain.size()) + kEpsilon);
    for (std::size_t i = 0; i < gain.size(); ++i) {
      sum_[i] +=
          static_cast<double>(base::bf16_to_f32(rows[first + i])) * factor * static_cast<double>(gain[i]);
    }
    ++rows_;
  }
}

void StatePool::clear() noexcept {
  sum_.clear();
  rows_ = 0;
}

std::vector<float> StatePool::mean() const {
  std::vector<float> mean(sum_.size());
  std::transform(sum_.begin(), sum_.end(), mean.begin(),
                 [this](double sum) { return static_cast<float>(sum / static_cast<double>(rows_)); });
  return mean;
}

}  // namespace axllama::inference
