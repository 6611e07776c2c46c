#include "softcard/card/testing/published_rates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <utility>

namespace axllama::softcard::testing {
namespace {

constexpr double kGiga = 1e9;
constexpr double kMega = 1e6;
constexpr double kTera = 1e12;
constexpr double kMicro = 1e-6;
constexpr double kChunk = 128;
constexpr double kPromptTokens = 1024;
constexpr double kBf16 = 2;

double bytes_per_weight(const PublishedRate& rate) {
  return rate.int4 ? 0.5 + kBf16 / 128 : 1;  // int4: with a 16-bit scale per group of 128
}

double calls(const TimingProfile& t, double count) {
  return count * t.call_us * kMicro;
}

double copy(const TimingProfile& t, double bytes) {
  return bytes / (t.copy_mb_per_s * kMega);
}

/// On the card.
double move(const TimingProfile& t, double bytes) {
  return bytes / (t.device_gb_per_s * kGiga);
}

double layer(const PublishedRate& rate, const TimingProfile& t, double slots) {
  const double weights = rate.shape.layer_parameters() * bytes_per_weight(rate) / (t.weight_gb_per_s * kGiga);
  const double cache = slots * rate.shape.kv() * 2 * kBf16 / (t.cache_gb_per_s * kGiga);
  return weights + cache + t.execute_us * kMicro;
}

double head(const PublishedRate& rate, const TimingProfile& t) {
  return rate.shape.head_parameters() / (t.weight_gb_per_s * kGiga) + t.execute_us * kMicro;
}

double chunk_layer(const PublishedRate& rate, const TimingProfile& t, double history, double rows) {
  const double weights = 2 * rows * rate.shape.layer_parameters() / (t.tera_ops_per_s * kTera);
  const double attention = 4 * rows * (history + rows) * rate.shape.heads * rate.shape.head_dim /
                           (t.attention_tera_ops_per_s * kTera);
  const double memory = layer(rate, t, history) - t.execute_us * kMicro;
  return std::max(weights + attention, memory) + (t.execute_us + t.chunk_us) * kMicro;
}

double token(const PublishedRate& rate, const TimingProfile& t) {
  const DecoderShape& s = rate.shape;
  const double row = s.hidden * kBf16;
  const double mask = (rate.slots + 1) * kBf16;
  const double cache = rate.slots * s.kv() * kBf16;
  const double compute = s.layers * layer(rate, t, rate.slots) + head(rate, t);
  switch (rate.caller) {
    case Caller::kEngine:
      return compute + calls(t, s.layers + 5) + copy(t, row + 6 + s.vocabulary * kBf16);
    case Caller::kVendor:
      return compute + calls(t, 6 * s.layers + 3) +
             copy(t, s.layers * (4 + mask) + row + s.vocabulary * kBf16) +
             s.layers * move(t, row + 2 * s.kv() * kBf16);
    case Caller::kPython:
      return compute + calls(t, 9 * s.layers + 3) + (8 * s.layers + 2) * t.unpinned_us * kMicro +
             copy(t, s.layers * (2 * cache + 4 + mask + 2 * row + 2 * s.kv() * kBf16) + row +
                         s.vocabulary * kBf16);
  }
  return 0;
}

double chunk(const PublishedRate& rate, const TimingProfile& t, double history) {
  const DecoderShape& s = rate.shape;
  const double rows = kChunk * s.hidden * kBf16;
  const double cache_rows = kChunk * s.kv() * kBf16;
  const double mask = kChunk * (history + kChunk) * kBf16;
  const double compute = s.layers * (chunk_layer(rate, t, history, kChunk) + move(t, 2 * cache_rows));
  if (rate.caller == Caller::kVendor) {
    return compute + calls(t, 7 * s.layers) + copy(t, s.layers * (2 * rows + mask + kChunk * 4));
  }
  return compute + calls(t, 3 * s.layers + 3) + copy(t, rows + mask + kChunk * 4);
}

double answer_of_head(const PublishedRate& rate, const TimingProfile& t) {
  return head(rate, t) + calls(t, 3) + copy(t, rate.shape.vocabulary * kBf16);
}

double prompt_seconds(const PublishedRate& rate, const TimingProfile& t) {
  double seconds = answer_of_head(rate, t);
  for (double cached = 0; cached < kPromptTokens; cached += kChunk) {
    seconds += chunk(rate, t, history_for(cached));
  }
  return seconds;
}

}  // namespace

double history_for(double cached) {
  for (const double history : {0.0, 512.0, 1024.0, 1536.0}) {
    if (history >= cached) return history;
  }
  return 2048;
}

double predict(const PublishedRate& rate, const TimingProfile& t) {
  switch (rate.quantity) {
    case Quantity::kDecode:
      return 1 / token(rate, t);
    case Quantity::kPrompt:
      return kPromptTokens / prompt_seconds(rate, t);
    case Quantity::kFirstToken:
      return chunk(rate, t, 0) + answer_of_head(rate, t);
    case Quantity::kLoad:
      return (rate.shape.layers * rate.shape.layer_parameters() * bytes_per_weight(rate) +
              rate.shape.head_parameters()) /
             (t.load_mb_per_s * kMega);
    case Quantity::kLayer:
      return layer(rate, t, rate.slots) + calls(t, 1);
    case Quantity::kHead:
      return head(rate, t) + calls(t, 1);
    case Quantity::kChunkLayer:
      return chunk_layer(rate, t, rate.slots, rate.rows) + calls(t, 1);
  }
  return 0;
}

const std::vector<PublishedRate>& published_rates() {
  using C = Caller;
  using Q = Quantity;
  static const std::vector<PublishedRate> rates = {
      {"pi5", kQwen3_4, false, C::kVendor, Q::kDecode, 2559, 1, 3.65},
      {"pi5", kQwen3_17, false, C::kVendor, Q::kDecode, 2047, 1, 7.70},
      {"pi5", kQwen3_06, false, C::kVendor, Q::kDecode, 2047, 1, 13.74},
      {"pi5", kSmolLm2, false, C::kVendor, Q::kDecode, 2047, 1, 20.8},
      {"pi5", kQwen25_05, true, C::kEngine, Q::kDecode, 2047, 1, 40},
      {"pi5", kQwen25_15, true, C::kEngine, Q::kDecode, 2047, 1, 16},
      {"pi5", kQwen25_7, true, C::kEngine, Q::kDecode, 2047, 1, 4.8},
      {"pi5", kQwen3_06, false, C::kEngine, Q::kDecode, 2047, 1, 19.6},
      {"pi5", kQwen3_06, true, C::kEngine, Q::kDecode, 2047, 1, 24.5},
      {"pi5", kQwen3_06, true, C::kEngine, Q::kDecode, 1023, 1, 29.9},
      {"pi5", kQwen3_06Trimmed, true, C::kEngine, Q::kDecode, 2047, 1, 26.8},
      {"pi5", kQwen3_4, false, C::kPython, Q::kDecode, 1023, 1, 1.36},
      {"cm3588", kQwen3_06, false, C::kVendor, Q::kDecode, 2047, 1, 11.0},
      {"cm3588", kQwen3_17, false, C::kVendor, Q::kDecode, 2047, 1, 7.9},
      {"cm3588", kQwen3_4, false, C::kVendor, Q::kDecode, 2559, 1, 3.7},
      {"rk3576", kQwen3_06, false, C::kVendor, Q::kDecode, 2047, 1, 5.06},
      {"rk3576", kQwen3_17, true, C::kVendor, Q::kDecode, 2047, 1, 4.13},
      {"rk3576", kQwen3_4, true, C::kVendor, Q::kDecode, 2047, 1, 2.37},
      {"pi5", kQwen3_06, false, C::kEngine, Q::kPrompt, 2047, 128, 716},
      {"pi5", kQwen3_06, true, C::kEngine, Q::kPrompt, 2047, 128, 1276},
      {"pi5", kQwen3_06, false, C::kVendor, Q::kFirstToken, 0, 128, 0.250},
      {"pi5", kQwen3_4, false, C::kVendor, Q::kFirstToken, 0, 128, 1.339},
      {"cm3588", kQwen3_4, false, C::kVendor, Q::kFirstToken, 0, 128, 1.110},
      {"rk3576", kQwen3_06, false, C::kVendor, Q::kFirstToken, 0, 128, 0.77},
      {"rk3576", kQwen3_17, true, C::kVendor, Q::kFirstToken, 0, 128, 0.89},
      {"rk3576", kQwen3_4, true, C::kVendor, Q::kFirstToken, 0, 128, 1.43},
      {"pi5", kQwen3_4, false, C::kVendor, Q::kLoad, 2559, 1, 133},
      {"rk3576", kQwen3_4, true, C::kVendor, Q::kLoad, 2047, 1, 75},
      {"pi5", kQwen3_06, false, C::kEngine, Q::kLayer, 2048, 1, 1.50e-3},
      {"pi5", kQwen3_06, true, C::kEngine, Q::kLayer, 2047, 1, 1.166e-3},
      {"pi5", kQwen3_06, false, C::kEngine, Q::kLayer, 255, 1, 1.07e-3},
      {"pi5", kQwen3_06, true, C::kEngine, Q::kLayer, 255, 1, 0.77e-3},
      {"pi5", kQwen3_4, false, C::kEngine, Q::kLayer, 2047, 1, 6.0e-3},
      {"pi5", kQwen3_06, false, C::kEngine, Q::kHead, 0, 1, 7.9e-3},
      {"pi5", kQwen3_4, false, C::kEngine, Q::kHead, 0, 1, 20e-3},
      {"pi5", kQwen3_06, false, C::kEngine, Q::kChunkLayer, 0, 128, 2.8e-3},
      {"pi5", kQwen3_06, false, C::kEngine, Q::kChunkLayer, 1024, 128, 5.2e-3},
      {"pi5", kQwen3_06, false, C::kEngine, Q::kChunkLayer, 0, 64, 2.15e-3},
      {"pi5", kQwen3_4, false, C::kEngine, Q::kChunkLayer, 0, 128, 11.1e-3},
      {"pi5", kQwen3_4, false, C::kEngine, Q::kChunkLayer, 512, 128, 13.6e-3},
  };
  return rates;
}

std::string describe(const PublishedRate& rate) {
  static constexpr std::array kHosts = {std::pair{"pi5", "Pi 5"}, std::pair{"cm3588", "CM3588"},
                                        std::pair{"rk3576", "RK3576"}};
  static constexpr std::array kCallers = {"one call a layer", "vendor's runtime", "Python loop"};
  static constexpr std::array kQuantities = {
      "decoding, tokens/s", "prompt of 1024, tokens/s", "first token, s", "loading, s", "one layer, ms",
      "the head, ms",       "one layer, chunk, ms"};
  std::string host;
  for (const auto& [profile, name] : kHosts) {
    if (std::string_view(rate.profile) == profile) host = name;
  }
  std::string what = std::string(rate.shape.name) + (rate.int4 ? " int4" : " w8");
  const bool single = rate.quantity == Quantity::kLayer || rate.quantity == Quantity::kHead ||
                      rate.quantity == Quantity::kChunkLayer;
  const auto whole = [](double value) { return std::to_string(std::lround(value)); };
  if (rate.quantity == Quantity::kChunkLayer) {
    what += ", " + whole(rate.rows) + " rows after " + whole(rate.slots);
  } else if (!single && rate.quantity != Quantity::kLoad) {
    what += ", " + std::string(kCallers[static_cast<std::size_t>(rate.caller)]);
  }
  if (rate.quantity == Quantity::kDecode || rate.quantity == Quantity::kLayer)
    what += ", context " + whole(rate.slots);
  return "| " + host + " | " + what + " | " + kQuantities[static_cast<std::size_t>(rate.quantity)] + " |";
}

std::string format_rate(const PublishedRate& rate, double value) {
  std::array<char, 32> text{};
  const bool milliseconds = rate.quantity == Quantity::kLayer || rate.quantity == Quantity::kHead ||
                            rate.quantity == Quantity::kChunkLayer;
  const double shown = milliseconds ? value * 1000 : value;
  std::snprintf(text.data(), text.size(), shown < 1000 ? "%.3g" : "%.0f", shown);
  return text.data();
}

std::string format_error(double error) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%+.0f %%", error * 100);
  return text.data();
}

}  // namespace axllama::softcard::testing
