#include "inference/canary.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "base/bfloat16.h"
#include "base/error.h"

namespace axllama::inference {
namespace {

using base::Error;
using base::ErrorCode;
using model::CanaryRecord;
using text::TokenId;

constexpr const char* kPrompt = "The capital of France is Paris, and the capital of Japan is";
constexpr std::size_t kPromptTokens = 8;
constexpr std::size_t kTopTokens = 16;
constexpr std::size_t kSpreadTokens = 48;

const std::string& name_of(const Engine& engine) {
  return engine.package().files().name;
}

std::string percent(double share) {
  return std::to_string(std::lround(share * 100)) + " %";
}

std::vector<TokenId> default_prompt(const Engine& engine) {
  std::vector<TokenId> prompt = engine.package().tokenizer().encode(kPrompt, false);
  const auto vocabulary = static_cast<TokenId>(engine.package().vocabulary_size());
  std::erase_if(prompt, [vocabulary](TokenId token) { return token < 0 || token >= vocabulary; });
  if (prompt.empty()) prompt.push_back(0);
  prompt.resize(std::min({prompt.size(), kPromptTokens, engine.context_length()}));
  return prompt;
}

std::vector<float> evaluate(Engine& engine, const std::vector<TokenId>& prompt) {
  std::vector<float> logits;
  engine.evaluate(prompt, [&](std::size_t position, std::span<const base::Bf16> row) {
    if (position + 1 != prompt.size()) return;
    logits.resize(row.size());
    std::transform(row.begin(), row.end(), logits.begin(), base::bf16_to_f32);
  });
  engine.reset_cache();
  return logits;
}

void require_logits(const Engine& engine, const std::vector<float>& logits) {
  const auto broken =
      std::find_if(logits.begin(), logits.end(), [](float value) { return !std::isfinite(value); });
  if (broken != logits.end()) {
    throw Error(ErrorCode::kInternal, "The model " + name_of(engine) +
                                          " computes garbage and is not served: its canary's logits are not "
                                          "finite (token " +
                                          std::to_string(broken - logits.begin()) + ").");
  }
  if (logits.empty() ||
      std::all_of(logits.begin(), logits.end(), [&](float value) { return value == logits.front(); })) {
    throw Error(ErrorCode::kInternal, "The model " + name_of(engine) +
                                          " computes garbage and is not served: its canary's logits are all "
                                          "alike.");
  }
}

/// The likeliest tokens, and some from all over the vocabulary.
std::vector<TokenId> chosen_tokens(const std::vector<float>& logits) {
  std::vector<TokenId> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const std::size_t top = std::min(kTopTokens, order.size());
  const auto logit = [&](TokenId token) { return logits[static_cast<std::size_t>(token)]; };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top), order.end(),
                    [&](TokenId a, TokenId b) { return logit(a) != logit(b) ? logit(a) > logit(b) : a < b; });
  std::set<TokenId> chosen(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top));
  for (std::size_t i = 0; i < kSpreadTokens; ++i) {
    chosen.insert(static_cast<TokenId>(i * logits.size() / kSpreadTokens));
  }
  return {chosen.begin(), chosen.end()};
}

}  // namespace

CanaryRecord record_canary(Engine& engine, const std::optional<CanaryRecord>& like,
                           const std::string& recorded_by) {
  CanaryRecord record;
  record.prompt = like ? like->prompt : default_prompt(engine);
  const std::vector<float> logits = evaluate(engine, record.prompt);
  require_logits(engine, logits);
  record.tokens = like ? like->tokens : chosen_tokens(logits);
  for (const TokenId token : record.tokens) {
    record.logits.push_back(logits[static_cast<std::size_t>(token)]);
  }
  record.recorded_by = recorded_by;
  return record;
}

double canary_difference(const CanaryRecord& now, const CanaryRecord& recorded) {
  const double mean = std::accumulate(recorded.logits.begin(), recorded.logits.end(), 0.0) /
                      static_cast<double>(recorded.logits.size());
  double difference = 0;
  double spread = 0;
  for (std::size_t i = 0; i < recorded.logits.size(); ++i) {
    const double deviation = static_cast<double>(now.logits[i]) - static_cast<double>(recorded.logits[i]);
    difference += deviation * deviation;
    spread +=
        (static_cast<double>(recorded.logits[i]) - mean) * (static_cast<double>(recorded.logits[i]) - mean);
  }
  return std::sqrt(difference / std::max(spread, 1e-12));
}

double check_canary(Engine& engine, const CanaryRecord& recorded) {
  const std::size_t vocabulary = engine.package().vocabulary_size();
  const auto fits = [vocabulary](TokenId token) {
    return token >= 0 && static_cast<std::size_t>(token) < vocabulary;
  };
  if (!std::all_of(recorded.prompt.begin(), recorded.prompt.end(), fits) ||
      !std::all_of(recorded.tokens.begin(), recorded.tokens.end(), fits) ||
      recorded.prompt.size() > engine.context_length()) {
    throw Error(ErrorCode::kInvalidArgument, "The canary record of " + name_of(engine) +
                                                 " is of another model: its tokens do not fit a "
                                                 "vocabulary of " +
                                                 std::to_string(vocabulary) + " and a context of " +
                                                 std::to_string(engine.context_length()) + ".");
  }
  const double difference = canary_difference(record_canary(engine, recorded, {}), recorded);
  if (difference > kCanaryTolerance) {
    throw Error(ErrorCode::kInternal,
                "The model " + name_of(engine) +
                    " computes garbage and is not served: its canary's logits differ from "
                    "the recorded ones by " +
                    percent(difference) + " of their spread; " + percent(kCanaryTolerance) + " are allowed.",
                recorded.recorded_by.empty() ? "" : "recorded by " + recorded.recorded_by);
  }
  return difference;
}

}  // namespace axllama::inference
