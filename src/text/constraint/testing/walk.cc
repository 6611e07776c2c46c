#include "text/constraint/testing/walk.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

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

TokenId draw(const std::vector<TokenId>& tokens, std::mt19937& random) {
  std::normal_distribution<double> logits(0.0, kSpread);
  std::vector<double> weights;
  for (const TokenId token : tokens) {
    double logit = logits(random);
    const std::string_view piece = tiny_tokenizer()->piece(token);
    const bool closes = piece.find_first_of("\"]}") != std::string_view::npos;
    if (closes || tiny_tokenizer()->is_eos(token)) logit += kClosingPreference;
    weights.push_back(std::exp(logit / kTemperature));
  }
  return tokens[std::discrete_distribution<std::size_t>(weights.begin(), weights.end())(random)];
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
