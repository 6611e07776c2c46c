#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "softcard/card/timing_profile.h"

namespace axllama::softcard::testing {

// What others measured on cards (published by the card's vendor and by users), and what the software card's
// timing parameters predict for it. docs/softcard.md shows both; a test and a benchmark hold them to each
// other.

struct DecoderShape {
  const char* name;
  double hidden, heads, kv_heads, head_dim, intermediate, layers, vocabulary;

  double kv() const { return kv_heads * head_dim; }
  double layer_parameters() const {
    return hidden * head_dim * (2 * heads + 2 * kv_heads) + 3 * hidden * intermediate;
  }
  double head_parameters() const { return hidden * vocabulary; }
};

inline constexpr DecoderShape kQwen3_06{"Qwen3-0.6B", 1024, 16, 8, 128, 3072, 28, 151936};
inline constexpr DecoderShape kQwen3_17{"Qwen3-1.7B", 2048, 16, 8, 128, 6144, 28, 151936};
inline constexpr DecoderShape kQwen3_4{"Qwen3-4B", 2560, 32, 8, 128, 9728, 36, 151936};
inline constexpr DecoderShape kQwen3_06Trimmed{"Qwen3-0.6B, trimmed head", 1024, 16, 8, 128, 3072, 28, 90900};
inline constexpr DecoderShape kQwen25_05{"Qwen2.5-0.5B", 896, 14, 2, 64, 4864, 24, 151936};
inline constexpr DecoderShape kQwen25_15{"Qwen2.5-1.5B", 1536, 12, 2, 128, 8960, 28, 151936};
inline constexpr DecoderShape kQwen25_7{"Qwen2.5-7B", 3584, 28, 4, 128, 18944, 28, 152064};
inline constexpr DecoderShape kSmolLm2{"SmolLM2-360M", 960, 15, 5, 64, 2560, 32, 49152};

/// Who drives the card: Axllama (one call a layer and five), the vendor's runtime (six a layer and three), or
/// its Python loop (every input up and every output down).
enum class Caller { kEngine, kVendor, kPython };

enum class Quantity {
  kDecode,      // tokens per second
  kPrompt,      // tokens per second of a prompt of 1024, in chunks of 128
  kFirstToken,  // seconds until the head has answered a prompt of one chunk
  kLoad,        // seconds
  kLayer,       // seconds of one synchronous decode execution
  kHead,        // the same of the head
  kChunkLayer,  // the same of a chunk
};

struct PublishedRate {
  const char* profile;
  DecoderShape shape;
  bool int4;  // the layers; heads are int8 in every published package
  Caller caller;
  Quantity quantity;
  double slots;  // of the cache; kChunkLayer: of its history
  double rows;   // of a chunk
  double published;
};

const std::vector<PublishedRate>& published_rates();

/// The history a package for 2048 tokens offers a chunk that follows `cached` tokens.
double history_for(double cached);

/// What the profile's parameters predict, in the quantity's unit.
double predict(const PublishedRate& rate, const TimingProfile& timing);

/// "| Pi 5 | Qwen3-4B w8, vendor's runtime, context 2559 | decoding, tokens/s |": the beginning of its line
/// in docs/softcard.md.
std::string describe(const PublishedRate& rate);
/// In the unit that describe() names, with three digits or more.
std::string format_rate(const PublishedRate& rate, double value);
std::string format_error(double error);  // "+10 %"

}  // namespace axllama::softcard::testing
