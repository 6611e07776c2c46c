#include "inference/truncation.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace axllama::inference {

double softmax_weights(const std::vector<Candidate>& candidates, double temperature,
                       std::vector<double>& weights) {
  weights.resize(candidates.size());
  double sum = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    // Equal logits stand side by side: a bf16 row of any length has few distinct values.
    const bool repeated = i > 0 && candidates[i].logit == candidates[i - 1].logit;
    weights[i] =
        repeated ? weights[i - 1]
                 : std::exp((static_cast<double>(candidates[i].logit) - candidates[0].logit) / temperature);
    sum += weights[i];
  }
  return sum;
}

void keep_top_p(std::vector<Candidate>& candidates, double p) {
  if (p >= 1 || candidates.size() <= 1) {
    return;
  }
  std::vector<double> weights;
  const double sum = softmax_weights(candidates, 1.0, weights);
  double reached = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    reached += weights[i];
    if (reached >= p * sum) {
      candidates.resize(i + 1);
      return;
    }
  }
}

void keep_min_p(std::vector<Candidate>& candidates, double p) {
  if (p <= 0 || candidates.size() <= 1) {
    return;
  }
  const double lowest = candidates[0].logit + std::log(p);
  const auto first_dropped = std::partition_point(candidates.begin() + 1, candidates.end(),
                                                  [&](const Candidate& c) { return c.logit >= lowest; });
  candidates.erase(first_dropped, candidates.end());
}

void keep_typical_p(std::vector<Candidate>& candidates, double p) {
  if (p >= 1 || candidates.size() <= 1) {
    return;
  }
  std::vector<double> weights;
  const double sum = softmax_weights(candidates, 1.0, weights);
  std::vector<double> information(weights.size());
  double entropy = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    information[i] = std::log(sum) - (static_cast<double>(candidates[i].logit) - candidates[0].logit);
    if (weights[i] > 0) {
      entropy += weights[i] / sum * information[i];
    }
  }
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::abs(information[a] - entropy) < std::abs(information[b] - entropy);
  });
  double reached = 0;
  std::size_t kept = 0;
  while (kept < order.size() && reached <= p * sum) {
    reached += weights[order[kept]];
    ++kept;
  }
  order.resize(std::max<std::size_t>(kept, 1));
  std::sort(order.begin(), order.end());
  std::vector<Candidate> typical;
  typical.reserve(order.size());
  for (const std::size_t index : order) {
    typical.push_back(candidates[index]);
  }
  candidates = std::move(typical);
}

}  // namespace axllama::inference
