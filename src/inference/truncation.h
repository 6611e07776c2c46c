#pragma once

#include <vector>

#include "inference/logits_selection.h"

namespace axllama::inference {

/// Filters that drop unlikely candidates. Each takes candidates in order of choice (see precedes) and keeps
/// that order and at least one candidate. Probabilities are softmax(logit) over the candidates given, at
/// temperature 1.

/// Keeps the shortest beginning whose probabilities reach `p`; p >= 1 keeps all (nucleus sampling, Holtzman
/// et al. 2020).
void keep_top_p(std::vector<Candidate>& candidates, double p);

/// Keeps candidates of at least `p` times the largest probability; p <= 0 keeps all (Nguyen et al. 2024).
void keep_min_p(std::vector<Candidate>& candidates, double p);

/// Keeps those whose information content is nearest the distribution's entropy until their probabilities
/// exceed `p`; p >= 1 keeps all (locally typical sampling, Meister et al. 2023).
void keep_typical_p(std::vector<Candidate>& candidates, double p);

/// weights[i] = exp((logit_i - logit_0) / temperature), not normalised. Returns their sum. `temperature` > 0.
double softmax_weights(const std::vector<Candidate>& candidates, double temperature,
                       std::vector<double>& weights);

}  // namespace axllama::inference
