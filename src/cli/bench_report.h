#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/read_bandwidth.h"

namespace axllama::cli {

/// One prompt length: the median of several runs on an empty cache.
struct PromptMeasurement {
  std::size_t tokens = 0;
  double seconds = 0;
  std::uint64_t remote_calls = 0;
};

/// Decoding: per-token averages over `tokens` tokens after a prompt of `depth`.
struct DecodeMeasurement {
  std::size_t depth = 0;
  std::size_t tokens = 0;
  double seconds_per_token = 0;       // median
  double host_seconds_per_token = 0;  // outside calls to the card
  double remote_calls_per_token = 0;
  double bytes_up_per_token = 0;
  double bytes_down_per_token = 0;
};

/// Everything `axllama bench` measured in one run, on what, simulated or not.
struct BenchReport {
  std::string model;
  std::string architecture;
  std::string weight_type;
  std::size_t layers = 0;
  std::size_t context = 0;
  std::uint64_t weight_bytes = 0;  // read once per decoded token: layer and head files
  std::string runtime;
  std::string device;
  bool software_card = false;
  std::size_t host_threads = 0;
  double load_seconds = 0;
  std::vector<PromptMeasurement> prompts;
  std::vector<DecodeMeasurement> decodes;
  std::vector<ReadBandwidth> bandwidths;  // empty on a real card

  /// Weight bytes streamed per second while decoding as a share of the average read bandwidth; 0 on a real
  /// card.
  double share_of_bandwidth(const DecodeMeasurement& decode) const;
};

std::string bench_table(const BenchReport& report);
nlohmann::ordered_json bench_json(const BenchReport& report);

}  // namespace axllama::cli
