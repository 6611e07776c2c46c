#include "cli/bench_runs.h"

#include <algorithm>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace axllama::cli {
namespace {

using Clock = std::chrono::steady_clock;
using text::TokenId;
using Generation = inference::Engine::Generation;

constexpr std::uint32_t kPromptSeed = 20260101;

/// Ordinary tokens at random: what is computed does not depend on their meaning.
std::vector<TokenId> random_prompt(const model::Package& package, std::size_t length,
                                   std::uint32_t seed = kPromptSeed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<TokenId> any(0,
                                             static_cast<TokenId>(package.tokenizer().vocabulary_size()) - 1);
  std::vector<TokenId> tokens;
  while (tokens.size() < length) {
    const TokenId token = any(random);
    if (!package.tokenizer().is_special(token)) tokens.push_back(token);
  }
  return tokens;
}

inference::GenerationRequest request_for(std::vector<TokenId> prompt, std::size_t max_tokens) {
  inference::GenerationRequest request;
  request.prompt = std::move(prompt);
  request.sampling.temperature = 0;
  request.max_tokens = static_cast<int>(max_tokens);
  request.ignore_end_of_sequence = true;
  request.speculate = false;  // plain decoding is measured
  return request;
}

/// Until the first token.
void evaluate_prompt(Generation& generation) {
  while (generation.step().tokens.empty()) {
  }
}

}  // namespace

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

PromptMeasurement BenchRuns::prompt(std::size_t length) {
  engine_.reset_cache();
  const auto generation = engine_.start(request_for(random_prompt(engine_.package(), length), 1));
  const axcl::CallCounters before = card_.counters();
  const auto begin = Clock::now();
  evaluate_prompt(*generation);
  PromptMeasurement result;
  result.tokens = length;
  result.seconds = seconds_since(begin);
  result.remote_calls = (card_.counters() - before).remote_calls;
  return result;
}

std::size_t BenchRuns::chunk_rows() const {
  const auto& groups = engine_.shapes().prefill;
  const std::size_t rows = groups.empty() ? 0 : groups.front().rows;
  return groups.size() > 1 && rows + 1 + kTokenMargin <= engine_.context_length() ? rows : 0;
}

double BenchRuns::chunk() {
  engine_.reset_cache();
  const auto generation = engine_.start(request_for(random_prompt(engine_.package(), chunk_rows() + 1), 1));
  const auto begin = Clock::now();
  generation->step();
  const double seconds = seconds_since(begin);
  generation->cancel();
  return seconds;
}

DecodeMeasurement BenchRuns::decode(std::size_t depth, std::size_t tokens) {
  const auto generation = engine_.start(request_for(random_prompt(engine_.package(), depth), tokens + 1));
  evaluate_prompt(*generation);
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
  result.waits_per_token = static_cast<double>(spent.waits) / count;
  result.bytes_up_per_token = static_cast<double>(spent.bytes_to_card) / count;
  result.bytes_down_per_token = static_cast<double>(spent.bytes_from_card) / count;
  return result;
}

DraftMeasurement BenchRuns::drafted(std::size_t depth, std::size_t tokens) {
  inference::GenerationRequest request = request_for(random_prompt(engine_.package(), depth), tokens + 1);
  request.speculate = true;
  request.sampling.repetition_guard = false;
  const auto generation = engine_.start(std::move(request));
  evaluate_prompt(*generation);
  DraftMeasurement result;
  result.depth = depth;
  result.tokens = tokens;
  const auto begin = Clock::now();
  inference::TokenEvent event;
  while (!event.done) event = generation->step();
  result.seconds = seconds_since(begin);
  result.stats = event.stats;
  return result;
}

ParallelMeasurement BenchRuns::parallel(std::size_t answers, std::size_t depth, std::size_t tokens) {
  std::vector<std::unique_ptr<Generation>> running;
  for (std::size_t i = 0; i < answers; ++i) {
    const auto seed = static_cast<std::uint32_t>(kPromptSeed + 1 + i);
    running.push_back(engine_.start(request_for(random_prompt(engine_.package(), depth, seed), tokens + 1)));
    evaluate_prompt(*running.back());
  }
  ParallelMeasurement result;
  result.answers = answers;
  const auto begin = Clock::now();
  running.front()->begin_step();
  std::vector<bool> done(answers, false);
  std::size_t left = answers;
  for (std::size_t turn = 0; left > 0;) {
    running[turn]->await_step();
    std::size_t next = (turn + 1) % answers;  // all end in the same round
    const bool other = next != turn && !done[next];
    if (other) running[next]->begin_step();
    const inference::TokenEvent event = running[turn]->finish_step();
    result.tokens += event.tokens.size();
    done[turn] = event.done;
    left -= event.done ? 1 : 0;
    if (!other && !event.done) running[next]->begin_step();
    turn = next;
  }
  result.seconds = seconds_since(begin);
  return result;
}

}  // namespace axllama::cli
