#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "axcl/card.h"
#include "base/bfloat16.h"
#include "inference/head.h"

namespace axllama::inference {

// The final norm: x / sqrt(mean(x^2) + epsilon) * gain. Its gain lies in the head's file, which only the card
// reads. A head compiled with --ret_postnorm gives its normed input, and a row of ones is the gain then. So a
// whole chunk of rows can be normed on the host, without computing logits for each.

/// [hidden]: the gain, found with two runs of the head. Ones for a head that does not give its normed row:
/// embeddings are then those of hidden states that are normed without gain. Throws Error: kDevice, naming
/// `head_name`, when what the head gives is not what such a norm does; what the card throws.
std::vector<float> find_norm_gain(axcl::Card& card, Head& head, const std::string& head_name);

/// The mean of hidden states behind the final norm, over any number of rows. Sums are made in float64 and in
/// the order of rows, so the result does not depend on how they are cut into parts.
class StatePool {
 public:
  /// `rows`: [any, hidden] bf16; `gain`: [hidden].
  void add(std::span<const base::Bf16> rows, std::span<const float> gain);
  void clear() noexcept;
  /// [hidden]; empty before the first row.
  std::vector<float> mean() const;

 private:
  std::vector<double> sum_;
  std::size_t rows_ = 0;
};

}  // namespace axllama::inference
