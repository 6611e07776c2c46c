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

std::string percent(double share, int digits = 0) {
  return share > 0 ? fixed(share * 100, digits) + " %" : "-";
}

double per_second(double count, double seconds) {
  return seconds > 0 ? count / seconds : 0;
}

}  // namespace

double BenchReport::share_of_ceiling(double seconds_per_token) const {
  return seconds_per_token > 0 ? ceiling.seconds() / seconds_per_token : 0;
}

double BenchReport::share_of(const ReadBandwidth& bandwidth, double seconds_per_token) const {
  const double streamed = per_second(static_cast<double>(weight_bytes), seconds_per_token) / 1e9;
  return streamed / bandwidth.average_gb_per_s;
}

double BenchReport::share_of(const IntegerPeak& peak, std::size_t tokens, double seconds) const {
  const double operations = 2 * static_cast<double>(layer_parameters) * static_cast<double>(tokens);
  return per_second(operations, seconds) / 1e9 / peak.average_gop_per_s;
}

std::string bench_table(const BenchReport& report) {
  std::string out =
      report.model + " (" + report.architecture + ", " + std::to_string(report.layers) + " layers, " +
      report.weight_type + ", " + human_bytes(report.weight_bytes) + " of weights, context " +
      std::to_string(report.context) + ")\n" + report.device +
      (report.software_card
           ? ", simulated by the software card on " + std::to_string(report.host_threads) + " threads"
           : "") +
      ", runtime " + report.runtime + "; loaded in " + fixed(report.load_seconds, 2) +
      " s; work is given to the card " + (report.asynchronous ? "asynchronously" : "call by call") + "\n\n";

  Table prompts({"PROMPT", "TOKENS/S", "SECONDS", "CALLS", "OF INT8 PEAK"});
  for (const PromptMeasurement& prompt : report.prompts) {
    prompts.add({std::to_string(prompt.tokens),
                 fixed(per_second(static_cast<double>(prompt.tokens), prompt.seconds), 1),
                 fixed(prompt.seconds, 4), std::to_string(prompt.remote_calls),
                 percent(prompt.share_of_peak)});
  }
  out += prompts.text();
  if (report.chunk.tokens != 0) {
    out += "a chunk of " + std::to_string(report.chunk.tokens) +
           " without the output head: " + fixed(report.chunk.seconds, 4) + " s, " +
           percent(report.chunk.share_of_peak) + " of the int8 peak\n";
  }
  out += "\n";

  Table decodes({"DECODE AT", "TOKENS/S", "MS/TOKEN", "HOST MS", "CALLS", "WAITS", "BYTES UP", "BYTES DOWN",
                 "OF BANDWIDTH", "OF CEILING"});
  for (const DecodeMeasurement& decode : report.decodes) {
    decodes.add({std::to_string(decode.depth), fixed(per_second(1, decode.seconds_per_token), 2),
                 fixed(decode.seconds_per_token * 1e3, 3), fixed(decode.host_seconds_per_token * 1e3, 3),
                 fixed(decode.remote_calls_per_token, 1), fixed(decode.waits_per_token, 2),
                 fixed(decode.bytes_up_per_token, 0), fixed(decode.bytes_down_per_token, 0),
                 percent(decode.share_of_bandwidth),
                 percent(report.share_of_ceiling(decode.seconds_per_token), 1)});
  }
  out += decodes.text();

  if (!report.parallel.empty()) {
    Table parallel({"AT ONCE", "TOKENS/S IN ALL", "OF CEILING"});
    for (const ParallelMeasurement& run : report.parallel) {
      const double seconds = run.tokens == 0 ? 0 : run.seconds / static_cast<double>(run.tokens);
      parallel.add({std::to_string(run.answers), fixed(per_second(1, seconds), 2),
                    percent(report.share_of_ceiling(seconds), 1)});
    }
    out += "\n" + parallel.text();
  }

  if (!report.drafts.empty()) {
    Table drafts({"DECODE AT", "TOKENS/S", "DRAFTED", "CAME TRUE", "GUESSED FROM TEXT", "CAME TRUE"});
    for (const DraftMeasurement& run : report.drafts) {
      drafts.add({std::to_string(run.depth),
                  fixed(per_second(static_cast<double>(run.tokens), run.seconds), 2),
                  std::to_string(run.stats.drafted_tokens), std::to_string(run.stats.accepted_drafts),
                  std::to_string(run.stats.guessed_tokens), std::to_string(run.stats.accepted_tokens)});
    }
    out += "\nwith guesses of " + report.draft + "\n" + drafts.text();
  }

  if (!report.ceiling.profile.empty()) {
    out += "\nceiling of the timing profile " + report.ceiling.profile + ": " +
           fixed(report.ceiling.seconds() * 1e3, 2) + " ms a token (weights " +
           fixed(report.ceiling.weights * 1e3, 2) + ", keys and values " +
           fixed(report.ceiling.cache * 1e3, 2) + ", " + std::to_string(report.layers + 5) +
           " calls one after the other " + fixed(report.ceiling.calls * 1e3, 2) + ")";
  }

  for (const ReadBandwidth& bandwidth : report.bandwidths) {
    out += "\nmemory read, " + std::to_string(bandwidth.threads) +
           (bandwidth.threads == 1 ? " thread: " : " threads: ") + fixed(bandwidth.average_gb_per_s, 1) +
           " GB/s on average, " + fixed(bandwidth.best_gb_per_s, 1) + " at best";
  }
  for (const IntegerPeak& peak : report.peaks) {
    out += std::string("\n8-bit multiply-adds (") + peak.instructions + "), " + std::to_string(peak.threads) +
           (peak.threads == 1 ? " thread: " : " threads: ") + fixed(peak.average_gop_per_s, 0) +
           " GOP/s on average, " + fixed(peak.best_gop_per_s, 0) + " at best";
  }
  return out + "\n";
}

Json bench_json(const BenchReport& report) {
  Json prompts = Json::array();
  for (const PromptMeasurement& prompt : report.prompts) {
    prompts.push_back({{"tokens", prompt.tokens},
                       {"seconds", prompt.seconds},
                       {"tokens_per_second", per_second(static_cast<double>(prompt.tokens), prompt.seconds)},
                       {"remote_calls", prompt.remote_calls},
                       {"share_of_integer_peak", prompt.share_of_peak}});
  }
  Json decodes = Json::array();
  for (const DecodeMeasurement& decode : report.decodes) {
    decodes.push_back({{"depth", decode.depth},
                       {"tokens", decode.tokens},
                       {"tokens_per_second", per_second(1, decode.seconds_per_token)},
                       {"seconds_per_token", decode.seconds_per_token},
                       {"host_seconds_per_token", decode.host_seconds_per_token},
                       {"remote_calls_per_token", decode.remote_calls_per_token},
                       {"waits_per_token", decode.waits_per_token},
                       {"bytes_up_per_token", decode.bytes_up_per_token},
                       {"bytes_down_per_token", decode.bytes_down_per_token},
                       {"share_of_bandwidth", decode.share_of_bandwidth},
                       {"share_of_ceiling", report.share_of_ceiling(decode.seconds_per_token)}});
  }
  Json parallel = Json::array();
  for (const ParallelMeasurement& run : report.parallel) {
    const auto tokens = static_cast<double>(run.tokens);
    parallel.push_back({{"answers", run.answers},
                        {"tokens", run.tokens},
                        {"seconds", run.seconds},
                        {"tokens_per_second", per_second(tokens, run.seconds)},
                        {"share_of_ceiling", report.share_of_ceiling(per_second(run.seconds, tokens))}});
  }
  Json drafts = Json::array();
  for (const DraftMeasurement& run : report.drafts) {
    drafts.push_back({{"depth", run.depth},
                      {"tokens", run.tokens},
                      {"seconds", run.seconds},
                      {"tokens_per_second", per_second(static_cast<double>(run.tokens), run.seconds)},
                      {"drafted_tokens", run.stats.drafted_tokens},
                      {"accepted_drafts", run.stats.accepted_drafts},
                      {"guessed_tokens", run.stats.guessed_tokens},
                      {"accepted_tokens", run.stats.accepted_tokens}});
  }
  Json bandwidths = Json::array();
  for (const ReadBandwidth& bandwidth : report.bandwidths) {
    bandwidths.push_back({{"threads", bandwidth.threads},
                          {"average_gb_per_s", bandwidth.average_gb_per_s},
                          {"best_gb_per_s", bandwidth.best_gb_per_s}});
  }
  Json peaks = Json::array();
  for (const IntegerPeak& peak : report.peaks) {
    peaks.push_back({{"threads", peak.threads},
                     {"instructions", peak.instructions},
                     {"average_gop_per_s", peak.average_gop_per_s},
                     {"best_gop_per_s", peak.best_gop_per_s}});
  }
  return {{"model", report.model},
          {"architecture", report.architecture},
          {"weight_type", report.weight_type},
          {"layers", report.layers},
          {"context_length", report.context},
          {"weight_bytes", report.weight_bytes},
          {"layer_parameters", report.layer_parameters},
          {"device", report.device},
          {"simulated", report.software_card},
          {"runtime", report.runtime},
          {"host_threads", report.host_threads},
          {"load_seconds", report.load_seconds},
          {"asynchronous", report.asynchronous},
          {"timing_profile", report.ceiling.profile},
          {"ceiling_seconds_per_token", report.ceiling.seconds()},
          {"chunk",
           {{"tokens", report.chunk.tokens},
            {"seconds", report.chunk.seconds},
            {"share_of_integer_peak", report.chunk.share_of_peak}}},
          {"prompt", prompts},
          {"decode", decodes},
          {"parallel", parallel},
          {"draft_model", report.draft},
          {"draft", drafts},
          {"memory_read", bandwidths},
          {"integer_peak", peaks}};
}

}  // namespace axllama::cli
