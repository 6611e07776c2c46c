#include "text/constraint/testing/walk.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "tests/paths.h"

namespace axllama::text::testing {
namespace {

constexpr double kTemperature = 1.5;
constexpr double kSpread = 2.0;             // of logits
constexpr double kClosingPreference = 7.0;  // what closes something is so much likelier

const std::array<TokenId, 256>& byte_tokens() {
  static const std::array<TokenId, 256> tokens = [] {
    std::array<TokenId, 256> found{};
    for (std::size_t i = 0; i < tiny_tokenizer()->vocabulary_size(); ++i) {
      const auto token = static_cast<TokenId>(i);
      const std::string_view piece = tiny_tokenizer()->piece(token);
      if (piece.size() == 1) found[static_cast<std::uint8_t>(piece[0])] = token;
    }
    return found;
  }();
  return tokens;
}

/// Weights of logits that were drawn once; which token has which, changes with every step.
const std::vector<double>& random_weights() {
  static const std::vector<double> weights = [] {
    std::mt19937 random(1);
    std::normal_distribution<double> logits(0.0, kSpread);
    std::vector<double> drawn(4'099);
    for (double& weight : drawn) weight = std::exp(logits(random) / kTemperature);
    return drawn;
  }();
  return weights;
}

bool closes(TokenId token) {
  static const std::vector<bool> closing = [] {
    std::vector<bool> tokens;
    for (std::size_t i = 0; i < tiny_tokenizer()->vocabulary_size(); ++i) {
      const auto id = static_cast<TokenId>(i);
      const std::string_view piece = tiny_tokenizer()->piece(id);
      tokens.push_back(tiny_tokenizer()->is_eos(id) || piece.find_first_of("\"]}") != std::string_view::npos);
    }
    return tokens;
  }();
  return closing[static_cast<std::size_t>(token)];
}

TokenId draw(const std::vector<TokenId>& tokens, std::mt19937& random) {
  static const double preference = std::exp(kClosingPreference / kTemperature);
  const std::size_t shift = random();
  std::vector<double> sums;
  double sum = 0;
  for (const TokenId token : tokens) {
    const std::size_t place = (shift + static_cast<std::size_t>(token) * 31) % random_weights().size();
    sum += random_weights()[place] * (closes(token) ? preference : 1.0);
    sums.push_back(sum);
  }
  const double point = std::uniform_real_distribution<double>(0, sum)(random);
  const auto chosen = std::upper_bound(sums.begin(), sums.end() - 1, point) - sums.begin();
  return tokens[static_cast<std::size_t>(chosen)];
}

}  // namespace

std::shared_ptr<const Tokenizer> tiny_tokenizer() {
  static const auto tokenizer = Tokenizer::load(std::string(AXLLAMA_SOURCE_DIR) + "/models/tiny");
  return tokenizer;
}

std::vector<TokenId> members(TokenSet set) {
  std::vector<TokenId> tokens;
  for (std::size_t word = 0; word < set.size(); ++word) {
    for (std::uint64_t rest = set[word]; rest != 0; rest &= rest - 1) {
      tokens.push_back(static_cast<TokenId>(word * 64 + static_cast<std::size_t>(std::countr_zero(rest))));
    }
  }
  return tokens;
}

Reading read_bytes(const Constraint& constraint, std::string_view text) {
  const auto state = constraint.start();
  Reading reading;
  for (const char byte : text) {
    const TokenId token = byte_tokens()[static_cast<std::uint8_t>(byte)];
    if (!contains(state->allowed(), token)) return reading;
    state->accept(token);
    ++reading.accepted;
  }
  reading.complete = state->complete();
  return reading;
}

bool accepts(const Constraint& constraint, std::string_view text) {
  return read_bytes(constraint, text).complete;
}

std::optional<std::string> sample(const Constraint& constraint, std::mt19937& random,
                                  std::size_t max_tokens) {
  const auto state = constraint.start();
  std::string text;
  for (std::size_t i = 0; i < max_tokens; ++i) {
    const TokenId token = draw(members(state->allowed()), random);
    if (tiny_tokenizer()->is_eos(token)) return text;
    state->accept(token);
    text += tiny_tokenizer()->piece(token);
  }
  return std::nullopt;
}

}  // namespace axllama::text::testing
