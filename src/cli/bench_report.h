#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/integer_peak.h"
#include "cli/read_bandwidth.h"
#include "cli/timing_ceiling.h"
#include "inference/generation.h"

namespace axllama::cli {

/// One prompt length: the median of several runs on an empty cache.
struct PromptMeasurement {
  std::size_t tokens = 0;
  double seconds = 0;
  std::uint64_t remote_calls = 0;
  double share_of_peak = 0;  // median over runs, each with the peak measured just before; 0 if not measured
};

/// One full chunk of a prompt on an empty cache, without the output head, which runs once per prompt.
struct ChunkMeasurement {
  std::size_t tokens = 0;  // 0: not measured
  double seconds = 0;
  double share_of_peak = 0;  // as above
};

/// Decoding: per-token averages over `tokens` tokens after a prompt of `depth`.
struct DecodeMeasurement {
  std::size_t depth = 0;
  std::size_t tokens = 0;
  double seconds_per_token = 0;       // median
  double host_seconds_per_token = 0;  // outside calls to the card
  double remote_calls_per_token = 0;
  double waits_per_token = 0;  // for work given asynchronously
  double bytes_up_per_token = 0;
  double bytes_down_per_token = 0;
  double share_of_bandwidth = 0;  // as share_of_peak, of the average read bandwidth
};

/// Several answers at once, taking turns token by token.
struct ParallelMeasurement {
  std::size_t answers = 0;
  std::size_t tokens = 0;  // of all together
  double seconds = 0;
};

/// One answer after a prompt of `depth` with guesses where they pay, the first token apart.
struct DraftMeasurement {
  std::size_t depth = 0;
  std::size_t tokens = 0;
  double seconds = 0;
  inference::GenerationStats stats;  // what was guessed, and came true
};

/// Everything `axllama bench` measured in one run, on what, simulated or not.
struct BenchReport {
  std::string model;
  std::string architecture;
  std::string weight_type;
  std::size_t layers = 0;
  std::size_t context = 0;
  std::uint64_t weight_bytes = 0;      // read once per decoded token: layer and head files
  std::uint64_t layer_parameters = 0;  // multiplied with every token of a prompt; 0 if unknown
  std::string runtime;
  std::string device;
  bool software_card = false;
  bool asynchronous = false;  // all work of a token is given at once
  TimingCeiling ceiling;      // of the software card's timing profile, if it has one
  std::size_t host_threads = 0;
  double load_seconds = 0;
  ChunkMeasurement chunk;
  std::vector<PromptMeasurement> prompts;
  std::vector<DecodeMeasurement> decodes;
  std::vector<ParallelMeasurement> parallel;
  std::string draft;  // model; empty: none
  std::vector<DraftMeasurement> drafts;
  std::vector<ReadBandwidth> bandwidths;  // empty on a real card
  std::vector<IntegerPeak> peaks;         // the same

  /// The rate of decoding as a share of what the timing profile allows; 0 without one.
  double share_of_ceiling(double seconds_per_token) const;
  /// Weight bytes streamed per second while decoding as a share of the average read bandwidth.
  double share_of(const ReadBandwidth& bandwidth, double seconds_per_token) const;
  /// Multiply-adds in projections per second of a prompt as a share of the machine's best.
  double share_of(const IntegerPeak& peak, std::size_t tokens, double seconds) const;
};

std::string bench_table(const BenchReport& report);
nlohmann::ordered_json bench_json(const BenchReport& report);

}  // namespace axllama::cli
