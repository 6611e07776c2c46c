#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "axcl/card.h"
#include "cli/bench_report.h"
#include "inference/engine.h"

namespace axllama::cli {

/// Single runs on a loaded model.
class BenchRuns {
 public:
  BenchRuns(axcl::Card& card, inference::Engine& engine) : card_(card), engine_(engine) {}

  /// One prompt on an empty cache.
  PromptMeasurement prompt(std::size_t length);
  /// Rows of the first prefill group, or 0 if a prompt of more than one such chunk does not fit.
  std::size_t chunk_rows() const;
  /// Seconds of the first chunk of a longer prompt: its step samples nothing. Needs chunk_rows() > 0.
  double chunk();
  /// `tokens` of one answer behind `depth` cached ones.
  DecodeMeasurement decode(std::size_t depth, std::size_t tokens);
  /// `tokens` of each of `answers` at once, taking turns as in the server. Needs so many KV slots.
  ParallelMeasurement parallel(std::size_t answers, std::size_t depth, std::size_t tokens);

  /// `tokens` of one answer behind `depth` cached ones, guessed where that pays.
  DraftMeasurement drafted(std::size_t depth, std::size_t tokens);

 private:
  axcl::Card& card_;
  inference::Engine& engine_;
};

constexpr std::size_t kTokenMargin = 8;  // kept free behind the last measured token

double seconds_since(std::chrono::steady_clock::time_point begin);
double median(std::vector<double> values);

}  // namespace axllama::cli
