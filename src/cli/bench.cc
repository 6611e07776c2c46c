#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "axcl/card.h"
#include "axcl/runtime.h"
#include "axcl/selftest.h"
#include "base/error.h"
#include "base/mapped_file.h"
#include "base/safetensors.h"
#include "cli/bench_report.h"
#include "cli/bench_runs.h"
#include "cli/command.h"
#include "cli/integer_peak.h"
#include "cli/model_folder.h"
#include "cli/progress_bar.h"
#include "cli/read_bandwidth.h"
#include "cli/timing_ceiling.h"
#include "inference/engine.h"
#include "model/package.h"
#include "softcard/format.h"

namespace axllama::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct BenchOptions {
  std::string model;
  std::string draft;
  std::vector<std::size_t> prompts{128, 512};
  std::vector<std::size_t> depths{16, 512};
  std::size_t tokens = 64;
  std::size_t repeats = 3;
  std::vector<std::size_t> parallel;
  std::string calls = "auto";
  bool json = false;
  bool no_limits = false;
  bool card_embeddings = false;
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

ChunkMeasurement measure_chunk(BenchRuns& bench, Limits& limits, std::size_t repeats) {
  ChunkMeasurement result;
  result.tokens = bench.chunk_rows();
  if (result.tokens == 0) return result;
  std::vector<double> seconds;
  std::vector<double> shares;
  for (std::size_t i = 0; i < repeats; ++i) {
    shares.push_back(
        limits.share_of_peak(result.tokens, [&] { return seconds.emplace_back(bench.chunk()); }));
  }
  result.seconds = median(seconds);
  result.share_of_peak = median(shares);
  return result;
}

PromptMeasurement measure_prompt(BenchRuns& bench, Limits& limits, std::size_t length, std::size_t repeats) {
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

DecodeMeasurement measure_decode(BenchRuns& bench, Limits& limits, std::size_t depth,
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

ParallelMeasurement measure_parallel(BenchRuns& bench, std::size_t answers, const BenchOptions& options) {
  std::vector<ParallelMeasurement> runs;
  const std::size_t tokens = std::max<std::size_t>(1, options.tokens / options.repeats);
  for (std::size_t i = 0; i < options.repeats; ++i) {
    runs.push_back(bench.parallel(answers, options.depths.empty() ? 1 : options.depths.front(), tokens));
  }
  std::sort(runs.begin(), runs.end(), [](const auto& a, const auto& b) { return a.seconds < b.seconds; });
  return runs[runs.size() / 2];
}

void measure(const BenchOptions& options, axcl::Card& card, inference::Engine& engine, BenchReport& report) {
  BenchRuns bench(card, engine);
  const bool computes = card.runtime().computes();
  Limits limits(report, report.software_card && computes && !options.no_limits);
  ProgressBar progress("measuring", "steps");
  const std::size_t drafts = report.draft.empty() ? 0 : options.depths.size();
  const std::size_t steps =
      1 + options.prompts.size() + options.depths.size() + options.parallel.size() + drafts;
  std::size_t done = 0;
  report.chunk = measure_chunk(bench, limits, options.repeats);
  progress.update(++done, steps);
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
  for (const std::size_t answers : options.parallel) {
    report.parallel.push_back(measure_parallel(bench, answers, options));
    progress.update(++done, steps);
  }
  for (std::size_t i = 0; i < drafts; ++i) {
    if (options.depths[i] + options.tokens + kTokenMargin <= engine.context_length()) {
      report.drafts.push_back(bench.drafted(options.depths[i], options.tokens));
    }
    progress.update(++done, steps);
  }
  limits.report();
}

/// Whether the card is given all work of a token at once: as asked for, else as its self-test finds right.
bool choose_asynchronous(const BenchOptions& options, axcl::Card& card, const model::Package& package) {
  if (options.calls != "auto") return options.calls == "async";
  return card.runtime().computes() &&
         axcl::self_test_once(card, package.files().layers.front())->asynchronous();
}

/// The profile's limit for one token; the software card reads the whole context whatever the position.
TimingCeiling ceiling_of(const axcl::Runtime& runtime, const inference::Engine& engine,
                         std::uint64_t weights) {
  const model::LayerShapes& shapes = engine.shapes();
  const std::size_t layers = engine.package().layer_count();
  constexpr std::size_t kBf16 = 2;
  TokenCost cost;
  cost.weight_bytes = weights;
  cost.cache_bytes = 2 * kBf16 * layers * shapes.context * shapes.kv_width;
  cost.executions = layers + 1;
  cost.calls = layers + 5;
  cost.bytes_moved = kBf16 * (shapes.hidden + engine.package().vocabulary_size());
  return timing_ceiling(runtime.software_card_timing(), cost);
}

std::unique_ptr<inference::Engine> load_engine(axcl::Card& card, const std::string& name,
                                               const std::shared_ptr<const model::Package>& package,
                                               const inference::EngineOptions& options) {
  ProgressBar progress("loading " + name, "layers");
  const auto show = [&progress](std::size_t done, std::size_t total) {
    progress.update(done, total);
    return true;
  };
  return inference::Engine::load(card, package, show, options);
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

  report.asynchronous = choose_asynchronous(options, card, *package);

  inference::EngineOptions engine_options;
  engine_options.asynchronous = report.asynchronous;
  engine_options.card_embeddings = options.card_embeddings;
  for (const std::size_t answers : options.parallel) {
    engine_options.parallel = std::max(engine_options.parallel, answers);
  }
  const auto begin = Clock::now();
  std::unique_ptr<inference::Engine> engine = load_engine(card, options.model, package, engine_options);
  report.load_seconds = seconds_since(begin);
  if (!options.draft.empty()) {
    report.draft = options.draft;
    const auto draft = model::Package::open(find_model_folder(options.draft));
    engine->set_draft(load_engine(card, options.draft, draft, engine_options));
  }
  report.context = engine->context_length();
  report.ceiling = ceiling_of(*runtime, *engine, report.weight_bytes);
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
  command->add_option("--draft", options->draft,
                      "A smaller model with the same vocabulary, to measure decoding with its guesses too");
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
  command->add_option("--parallel", options->parallel, "Numbers of answers at once to measure")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--calls", options->calls,
                   "How the card is given work: async (a token's all at once), sync (call by call), or auto "
                   "(async where the card's self-test finds that right)")
      ->check(CLI::IsMember({"auto", "async", "sync"}))
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print JSON");
  command->add_flag("--card-embeddings", options->card_embeddings,
                    "Keep the embedding table on the card, as `serve --card-embeddings` does");
  command->add_flag("--no-limits", options->no_limits,
                    "Do not measure the machine's read bandwidth and integer peak");
  command->callback([options] {
    const BenchReport report = run_bench(*options);
    std::fputs(options->json ? (bench_json(report).dump(2) + "\n").c_str() : bench_table(report).c_str(),
               stdout);
  });
}

}  // namespace axllama::cli
