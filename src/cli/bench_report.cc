#include "cli/bench_report.h"

#include <array>
#include <cstdio>

#include "cli/human.h"
#include "cli/table.h"

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string fixed(double value, int digits) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

double per_second(double count, double seconds) {
  return seconds > 0 ? count / seconds : 0;
}

}  // namespace

double BenchReport::share_of_bandwidth(const DecodeMeasurement& decode) const {
  if (bandwidths.empty() || decode.seconds_per_token <= 0) return 0;
  const double streamed = static_cast<double>(weight_bytes) / decode.seconds_per_token / 1e9;
  return streamed / bandwidths.back().average_gb_per_s;
}

std::string bench_table(const BenchReport& report) {
  std::string out = report.model + " (" + report.architecture + ", " + std::to_string(report.layers) +
                    " layers, " + report.weight_type + ", " + human_bytes(report.weight_bytes) +
                    " of weights, context " + std::to_string(report.context) + ")\n" + report.device +
                    (report.software_card ? ", simulated by the software card on " +
                                                std::to_string(report.host_threads) + " threads"
                                          : "") +
                    ", runtime " + report.runtime + "; loaded in " + fixed(report.load_seconds, 2) + " s\n\n";

  Table prompts({"PROMPT", "TOKENS/S", "SECONDS", "CALLS"});
  for (const PromptMeasurement& prompt : report.prompts) {
    prompts.add({std::to_string(prompt.tokens),
                 fixed(per_second(static_cast<double>(prompt.tokens), prompt.seconds), 1),
                 fixed(prompt.seconds, 4), std::to_string(prompt.remote_calls)});
  }
  out += prompts.text() + "\n";

  Table decodes(
      {"DECODE AT", "TOKENS/S", "MS/TOKEN", "HOST MS", "CALLS", "BYTES UP", "BYTES DOWN", "OF BANDWIDTH"});
  for (const DecodeMeasurement& decode : report.decodes) {
    const double share = report.share_of_bandwidth(decode);
    decodes.add({std::to_string(decode.depth), fixed(per_second(1, decode.seconds_per_token), 2),
                 fixed(decode.seconds_per_token * 1e3, 3), fixed(decode.host_seconds_per_token * 1e3, 3),
                 fixed(decode.remote_calls_per_token, 1), fixed(decode.bytes_up_per_token, 0),
                 fixed(decode.bytes_down_per_token, 0), share > 0 ? fixed(share * 100, 0) + " %" : "-"});
  }
  out += decodes.text();

  for (const ReadBandwidth& bandwidth : report.bandwidths) {
    out += "\nmemory read, " + std::to_string(bandwidth.threads) +
           (bandwidth.threads == 1 ? " thread: " : " threads: ") + fixed(bandwidth.average_gb_per_s, 1) +
           " GB/s on average, " + fixed(bandwidth.best_gb_per_s, 1) + " at best";
  }
  return out + "\n";
}

Json bench_json(const BenchReport& report) {
  Json prompts = Json::array();
  for (const PromptMeasurement& prompt : report.prompts) {
    prompts.push_back({{"tokens", prompt.tokens},
                       {"seconds", prompt.seconds},
                       {"tokens_per_second", per_second(static_cast<double>(prompt.tokens), prompt.seconds)},
                       {"remote_calls", prompt.remote_calls}});
  }
  Json decodes = Json::array();
  for (const DecodeMeasurement& decode : report.decodes) {
    decodes.push_back({{"depth", decode.depth},
                       {"tokens", decode.tokens},
                       {"tokens_per_second", per_second(1, decode.seconds_per_token)},
                       {"seconds_per_token", decode.seconds_per_token},
                       {"host_seconds_per_token", decode.host_seconds_per_token},
                       {"remote_calls_per_token", decode.remote_calls_per_token},
                       {"bytes_up_per_token", decode.bytes_up_per_token},
                       {"bytes_down_per_token", decode.bytes_down_per_token},
                       {"share_of_bandwidth", report.share_of_bandwidth(decode)}});
  }
  Json bandwidths = Json::array();
  for (const ReadBandwidth& bandwidth : report.bandwidths) {
    bandwidths.push_back({{"threads", bandwidth.threads},
                          {"average_gb_per_s", bandwidth.average_gb_per_s},
                          {"best_gb_per_s", bandwidth.best_gb_per_s}});
  }
  return {{"model", report.model},
          {"architecture", report.architecture},
          {"weight_type", report.weight_type},
          {"layers", report.layers},
          {"context_length", report.context},
          {"weight_bytes", report.weight_bytes},
          {"device", report.device},
          {"simulated", report.software_card},
          {"runtime", report.runtime},
          {"host_threads", report.host_threads},
          {"load_seconds", report.load_seconds},
          {"prompt", prompts},
          {"decode", decodes},
          {"memory_read", bandwidths}};
}

}  // namespace axllama::cli
