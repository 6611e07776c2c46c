#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "axcl/card.h"
#include "axcl/runtime.h"
#include "base/error.h"
#include "cli/bench_report.h"
#include "cli/command.h"
#include "cli/model_folder.h"
#include "cli/progress_bar.h"
#include "cli/read_bandwidth.h"
#include "inference/engine.h"
#include "model/package.h"

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
  bool no_bandwidth = false;
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
  return request;
}

class Bench {
 public:
  Bench(axcl::Card& card, inference::Engine& engine) : card_(card), engine_(engine) {}

  PromptMeasurement prompt(std::size_t length, std::size_t repeats) {
    PromptMeasurement result{length, 0, 0};
    std::vector<double> seconds;
    for (std::size_t i = 0; i < repeats; ++i) {
      engine_.reset_cache();
      const auto generation = engine_.start(request_for(random_prompt(engine_.package(), length), 1));
      const axcl::CallCounters before = card_.counters();
      const auto begin = Clock::now();
      while (generation->step().tokens.empty()) {
      }
      seconds.push_back(seconds_since(begin));
      result.remote_calls = (card_.counters() - before).remote_calls;
    }
    result.seconds = median(seconds);
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

void measure(const BenchOptions& options, axcl::Card& card, inference::Engine& engine, BenchReport& report) {
  Bench bench(card, engine);
  ProgressBar progress("measuring");
  const std::size_t steps = options.prompts.size() + options.depths.size();
  std::size_t done = 0;
  for (const std::size_t length : options.prompts) {
    if (length + kTokenMargin <= engine.context_length())
      report.prompts.push_back(bench.prompt(length, options.repeats));
    progress.update(++done, steps);
  }
  for (const std::size_t depth : options.depths) {
    if (depth + options.tokens + kTokenMargin <= engine.context_length()) {
      report.decodes.push_back(bench.decode(depth, options.tokens));
    }
    progress.update(++done, steps);
  }
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
  report.host_threads = std::max(1U, std::thread::hardware_concurrency());

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
  if (report.software_card && !options.no_bandwidth) {
    report.bandwidths.push_back(measure_read_bandwidth(1));
    if (report.host_threads > 1) report.bandwidths.push_back(measure_read_bandwidth(report.host_threads));
  }
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
  command->add_option("--tokens", options->tokens, "Tokens to decode")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--repeats", options->repeats, "Runs per prompt length; the median counts")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print JSON");
  command->add_flag("--no-bandwidth", options->no_bandwidth, "Do not measure the memory's read bandwidth");
  command->callback([options] {
    const BenchReport report = run_bench(*options);
    std::fputs(options->json ? (bench_json(report).dump(2) + "\n").c_str() : bench_table(report).c_str(),
               stdout);
  });
}

}  // namespace axllama::cli
