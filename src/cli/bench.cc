#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "axcl/card.h"
#include "axcl/runtime.h"
#include "base/error.h"
#include "base/mapped_file.h"
#include "base/safetensors.h"
#include "cli/bench_report.h"
#include "cli/command.h"
#include "cli/integer_peak.h"
#include "cli/model_folder.h"
#include "cli/progress_bar.h"
#include "cli/read_bandwidth.h"
#include "inference/engine.h"
#include "model/package.h"
#include "softcard/format.h"

namespace axllama::cli {
namespace {

using Clock = std::chrono::steady_clock;
using text::TokenId;

constexpr std::uint32_t kPromptSeed = 20260101;
constexpr std::size_t kTokenMargin = 8;  // kept free behind the last measured token

struct BenchOptions {
  std::string model;
  std::vector<std::size_t> prompts{128, 512};
  std::vector<std::size_t> depths{16, 512};
  std::size_t tokens = 64;
  std::size_t repeats = 3;
  bool json = false;
  bool no_limits = false;
};

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Ordinary tokens at random: what is computed does not depend on their meaning.
std::vector<TokenId> random_prompt(const model::Package& package, std::size_t length) {
  std::mt19937 random(kPromptSeed);
  std::uniform_int_distribution<TokenId> any(0,
                                             static_cast<TokenId>(package.tokenizer().vocabulary_size()) - 1);
  std::vector<TokenId> tokens;
  while (tokens.size() < length) {
    const TokenId token = any(random);
    if (!package.tokenizer().is_special(token)) tokens.push_back(token);
  }
  return tokens;
}

inference::GenerationRequest request_for(std::vector<TokenId> prompt, int max_tokens) {
  inference::GenerationRequest request;
  request.prompt = std::move(prompt);
  request.sampling.temperature = 0;
  request.max_tokens = max_tokens;
  request.ignore_end_of_sequence = true;
  request.speculate = false;  // plain decoding is measured
  return request;
}

class Bench {
 public:
  Bench(axcl::Card& card, inference::Engine& engine) : card_(card), engine_(engine) {}

  /// One prompt on an empty cache.
  PromptMeasurement prompt(std::size_t length) {
    engine_.reset_cache();
    const auto generation = engine_.start(request_for(random_prompt(engine_.package(), length), 1));
    const axcl::CallCounters before = card_.counters();
    const auto begin = Clock::now();
    while (generation->step().tokens.empty()) {
    }
    PromptMeasurement result;
    result.tokens = length;
    result.seconds = seconds_since(begin);
    result.remote_calls = (card_.counters() - before).remote_calls;
    return result;
  }

  DecodeMeasurement decode(std::size_t depth, std::size_t tokens) {
    const auto generation =
        engine_.start(request_for(random_prompt(engine_.package(), depth), static_cast<int>(tokens) + 1));
    while (generation->step().tokens.empty()) {
    }
    std::vector<double> seconds;
    const axcl::CallCounters before = card_.counters();
    const auto begin = Clock::now();
    for (bool done = false; !done;) {
      const auto step_begin = Clock::now();
      done = generation->step().done;
      seconds.push_back(seconds_since(step_begin));
    }
    const double whole = seconds_since(begin);
    const axcl::CallCounters spent = card_.counters() - before;
    const auto count = static_cast<double>(seconds.size());
    DecodeMeasurement result;
    result.depth = depth;
    result.tokens = seconds.size();
    result.seconds_per_token = median(seconds);
    result.host_seconds_per_token = (whole - static_cast<double>(spent.nanoseconds_in_calls) / 1e9) / count;
    result.remote_calls_per_token = static_cast<double>(spent.remote_calls) / count;
    result.bytes_up_per_token = static_cast<double>(spent.bytes_to_card) / count;
    result.bytes_down_per_token = static_cast<double>(spent.bytes_from_card) / count;
    return result;
  }

 private:
  axcl::Card& card_;
  inference::Engine& engine_;
};

std::uint64_t weight_bytes(const model::PackageFiles& files) {
  std::uint64_t bytes = std::filesystem::file_size(files.head);
  for (const auto& layer : files.layers) bytes += std::filesystem::file_size(layer);
  return bytes;
}

/// Weights in the projections of all layers; 0 for files that are not the software card's.
std::uint64_t layer_parameters(const model::PackageFiles& files) {
  std::uint64_t count = 0;
  for (const auto& layer : files.layers) {
    const base::MappedFile file(layer);
    if (!base::SafetensorsFile::looks_like(file.bytes())) return 0;
    const base::SafetensorsFile parsed(file.bytes(), layer.string());
    const auto text = parsed.metadata().find(softcard::kConfigKey);
    if (text == parsed.metadata().end()) return 0;
    const auto config = nlohmann::json::parse(text->second);
    const auto field = [&](const char* name) { return config.value(name, std::uint64_t{0}); };
    const std::uint64_t attention = 2 * (field("heads") + field("kv_heads")) * field("head_dim");
    count += field("hidden") * (attention + 3 * field("intermediate"));
  }
  return count;
}

/// Threads that the software card computes with.
std::size_t compute_threads() {
  const char* text = std::getenv("AXLLAMA_SOFTCARD_THREADS");
  const std::size_t chosen = text == nullptr ? 0 : std::strtoul(text, nullptr, 10);
  return chosen != 0 ? chosen : std::max(1U, std::thread::hardware_concurrency());
}

/// The limits of the machine, measured again and again between what they are to be compared with: machines
/// slow down and neighbours come and go.
class Limits {
 public:
  Limits(BenchReport& report, bool wanted) : report_(report), wanted_(wanted) {}

  double share_of_peak(std::size_t tokens, const std::function<double()>& seconds) {
    if (!wanted_) return seconds(), 0.0;
    const IntegerPeak peak = measure_integer_peak(report_.host_threads);
    peaks_.push_back(peak);
    return report_.share_of(peak, tokens, seconds());
  }
  double share_of_bandwidth(const std::function<double()>& seconds_per_token) {
    if (!wanted_) return seconds_per_token(), 0.0;
    const ReadBandwidth bandwidth = measure_read_bandwidth(report_.host_threads);
    bandwidths_.push_back(bandwidth);
    return report_.share_of(bandwidth, seconds_per_token());
  }
  /// Puts averages and the best of all measurements into the report.
  void report() const {
    if (!bandwidths_.empty()) {
      ReadBandwidth sum{report_.host_threads, 0, 0};
      for (const ReadBandwidth& one : bandwidths_) {
        sum.best_gb_per_s = std::max(sum.best_gb_per_s, one.best_gb_per_s);
        sum.average_gb_per_s += one.average_gb_per_s / static_cast<double>(bandwidths_.size());
      }
      report_.bandwidths.push_back(sum);
    }
    if (!peaks_.empty()) {
      IntegerPeak sum{report_.host_threads, peaks_.front().instructions, 0, 0};
      for (const IntegerPeak& one : peaks_) {
        sum.best_gop_per_s = std::max(sum.best_gop_per_s, one.best_gop_per_s);
        sum.average_gop_per_s += one.average_gop_per_s / static_cast<double>(peaks_.size());
      }
      report_.peaks.push_back(sum);
    }
  }

 private:
  BenchReport& report_;
  bool wanted_;
  std::vector<ReadBandwidth> bandwidths_;
  std::vector<IntegerPeak> peaks_;
};

PromptMeasurement measure_prompt(Bench& bench, Limits& limits, std::size_t length, std::size_t repeats) {
  PromptMeasurement result;
  std::vector<double> seconds;
  std::vector<double> shares;
  for (std::size_t i = 0; i < repeats; ++i) {
    shares.push_back(limits.share_of_peak(length, [&] {
      result = bench.prompt(length);
      seconds.push_back(result.seconds);
      return result.seconds;
    }));
  }
  result.seconds = median(seconds);
  result.share_of_peak = median(shares);
  return result;
}

DecodeMeasurement measure_decode(Bench& bench, Limits& limits, std::size_t depth,
                                 const BenchOptions& options) {
  DecodeMeasurement result;
  std::vector<double> seconds;
  std::vector<double> shares;
  const std::size_t tokens = std::max<std::size_t>(1, options.tokens / options.repeats);
  for (std::size_t i = 0; i < options.repeats; ++i) {
    shares.push_back(limits.share_of_bandwidth([&] {
      result = bench.decode(depth, tokens);
      seconds.push_back(result.seconds_per_token);
      return result.seconds_per_token;
    }));
  }
  result.tokens = tokens * options.repeats;
  result.seconds_per_token = median(seconds);
  result.share_of_bandwidth = median(shares);
  return result;
}

void measure(const BenchOptions& options, axcl::Card& card, inference::Engine& engine, BenchReport& report) {
  Bench bench(card, engine);
  Limits limits(report, report.software_card && !options.no_limits);
  ProgressBar progress("measuring");
  const std::size_t steps = options.prompts.size() + options.depths.size();
  std::size_t done = 0;
  for (const std::size_t length : options.prompts) {
    if (length + kTokenMargin <= engine.context_length())
      report.prompts.push_back(measure_prompt(bench, limits, length, options.repeats));
    progress.update(++done, steps);
  }
  for (const std::size_t depth : options.depths) {
    if (depth + options.tokens + kTokenMargin <= engine.context_length()) {
      report.decodes.push_back(measure_decode(bench, limits, depth, options));
    }
    progress.update(++done, steps);
  }
  limits.report();
}

BenchReport run_bench(const BenchOptions& options) {
  const auto package = model::Package::open(find_model_folder(options.model));
  const auto runtime = axcl::Runtime::open();
  axcl::Card card(runtime, 0);

  BenchReport report;
  report.model = options.model;
  report.architecture = package->architecture();
  report.weight_type = package->weight_type().empty() ? "unknown weights" : package->weight_type();
  report.layers = package->layer_count();
  report.weight_bytes = weight_bytes(package->files());
  report.runtime = runtime->version();
  report.device = runtime->soc_name() + " " + std::to_string(card.device_id());
  report.software_card = runtime->is_software_card();
  report.host_threads = compute_threads();
  report.layer_parameters = layer_parameters(package->files());

  const auto begin = Clock::now();
  std::unique_ptr<inference::Engine> engine;
  {
    ProgressBar progress("loading " + options.model);
    engine = inference::Engine::load(card, package, [&progress](std::size_t done, std::size_t total) {
      progress.update(done, total);
      return true;
    });
  }
  report.load_seconds = seconds_since(begin);
  report.context = engine->context_length();
  measure(options, card, *engine, report);
  engine.reset();
  return report;
}

}  // namespace

void add_bench(CLI::App& app) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* command =
      app.add_subcommand("bench", "Measure a model on the card: prompt and decode rates, calls, bytes");
  command->add_option("MODEL", options->model, "Name of the model, or folder of a package")->required();
  command->add_option("--prompt", options->prompts, "Prompt lengths to measure")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--depth", options->depths, "Cached tokens before decoding begins")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--tokens", options->tokens, "Tokens to decode, all runs together")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--repeats", options->repeats, "Runs per prompt length and depth; the median counts")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print JSON");
  command->add_flag("--no-limits", options->no_limits,
                    "Do not measure the machine's read bandwidth and integer peak");
  command->callback([options] {
    const BenchReport report = run_bench(*options);
    std::fputs(options->json ? (bench_json(report).dump(2) + "\n").c_str() : bench_table(report).c_str(),
               stdout);
  });
}

}  // namespace axllama::cli
