#include "compiler/ggml_blocks.h"

#include <array>
#include <bit>
#include <cstring>

#include "base/bfloat16.h"
#include "compiler/float16.h"

namespace axllama::compiler {
namespace {

constexpr std::size_t kSmallBlock = 32;
constexpr std::size_t kSuperBlock = 256;

/// Reads the parts of a block in turn. Little-endian, as the format is.
class Cursor {
 public:
  explicit Cursor(const std::byte* at) : at_(at) {}

  std::uint16_t u16() {
    std::uint16_t value = 0;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::uint32_t u32() {
    std::uint32_t value = 0;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  float f16() { return f16_to_f32(u16()); }
  const std::uint8_t* bytes(std::size_t count) {
    const auto* begin = reinterpret_cast<const std::uint8_t*>(at_);
    at_ += count;
    return begin;
  }

 private:
  const std::byte* at_;
};

int low(std::uint8_t byte) {
  return byte & 0x0F;
}

int high(std::uint8_t byte) {
  return byte >> 4;
}

void decode_f32(const std::byte* block, float* out) {
  std::memcpy(out, block, sizeof(float));
}

void decode_f16(const std::byte* block, float* out) {
  *out = Cursor(block).f16();
}

void decode_bf16(const std::byte* block, float* out) {
  *out = base::bf16_to_f32(Cursor(block).u16());
}

/// 4-bit values of a small block: the low halves are the first 16, the high halves the last 16.
void decode_q4(const std::uint8_t* quants, float scale, float offset, int zero, float* out) {
  for (std::size_t i = 0; i < kSmallBlock / 2; ++i) {
    out[i] = static_cast<float>(low(quants[i]) - zero) * scale + offset;
    out[i + kSmallBlock / 2] = static_cast<float>(high(quants[i]) - zero) * scale + offset;
  }
}

void decode_q4_0(const std::byte* block, float* out) {
  Cursor cursor(block);
  const float scale = cursor.f16();
  decode_q4(cursor.bytes(kSmallBlock / 2), scale, 0.0F, 8, out);
}

void decode_q4_1(const std::byte* block, float* out) {
  Cursor cursor(block);
  const float scale = cursor.f16();
  const float offset = cursor.f16();
  decode_q4(cursor.bytes(kSmallBlock / 2), scale, offset, 0, out);
}

/// As decode_q4 with a fifth bit for each value, value i's at bit i of `fifth`.
void decode_q5(std::uint32_t fifth, const std::uint8_t* quants, float scale, float offset, int zero,
               float* out) {
  for (std::size_t i = 0; i < kSmallBlock / 2; ++i) {
    const int first = low(quants[i]) | static_cast<int>((fifth >> i & 1U) << 4U);
    const int second = high(quants[i]) | static_cast<int>((fifth >> (i + kSmallBlock / 2) & 1U) << 4U);
    out[i] = static_cast<float>(first - zero) * scale + offset;
    out[i + kSmallBlock / 2] = static_cast<float>(second - zero) * scale + offset;
  }
}

void decode_q5_0(const std::byte* block, float* out) {
  Cursor cursor(block);
  const float scale = cursor.f16();
  const std::uint32_t fifth = cursor.u32();
  decode_q5(fifth, cursor.bytes(kSmallBlock / 2), scale, 0.0F, 16, out);
}

void decode_q5_1(const std::byte* block, float* out) {
  Cursor cursor(block);
  const float scale = cursor.f16();
  const float offset = cursor.f16();
  const std::uint32_t fifth = cursor.u32();
  decode_q5(fifth, cursor.bytes(kSmallBlock / 2), scale, offset, 0, out);
}

void decode_q8_0(const std::byte* block, float* out) {
  Cursor cursor(block);
  const float scale = cursor.f16();
  const std::uint8_t* quants = cursor.bytes(kSmallBlock);
  for (std::size_t i = 0; i < kSmallBlock; ++i)
    out[i] = static_cast<float>(std::bit_cast<std::int8_t>(quants[i])) * scale;
}

struct ScaleAndOffset {
  float scale;
  float offset;
};

/// The 6-bit scale and offset of part j (of 8) of a K block, from 12 packed bytes: parts 0 to 3 have theirs
/// in the low six bits of bytes j and j + 4; parts 4 to 7 have the low four bits in the halves of byte j + 4
/// and the high two bits in what parts 0 to 3 left free.
ScaleAndOffset k_part(const std::uint8_t* packed, std::size_t j, float scale, float offset) {
  int part_scale = 0;
  int part_offset = 0;
  if (j < 4) {
    part_scale = packed[j] & 63;
    part_offset = packed[j + 4] & 63;
  } else {
    part_scale = low(packed[j + 4]) | (packed[j - 4] >> 6) << 4;
    part_offset = high(packed[j + 4]) | (packed[j] >> 6) << 4;
  }
  return {scale * static_cast<float>(part_scale), offset * static_cast<float>(part_offset)};
}

/// Q4_K and Q5_K: eight parts of 32 values, two at a time from the halves of 32 bytes. `fifth` (32 bytes,
/// null for Q4_K) holds part j's fifth bits at bit j.
void decode_k4_or_5(const std::uint8_t* packed, const std::uint8_t* fifth, const std::uint8_t* quants,
                    float scale, float offset, float* out) {
  constexpr std::size_t kPart = 32;
  for (std::size_t j = 0; j < kSuperBlock / kPart; ++j) {
    const ScaleAndOffset part = k_part(packed, j, scale, offset);
    const std::uint8_t* bytes = quants + j / 2 * kPart;
    for (std::size_t i = 0; i < kPart; ++i) {
      int value = j % 2 == 0 ? low(bytes[i]) : high(bytes[i]);
      if (fifth != nullptr) value |= (fifth[i] >> j & 1) << 4;
      out[j * kPart + i] = part.scale * static_cast<float>(value) - part.offset;
    }
  }
}

void decode_q4_k(const std::byte* block, float* out) {
  Cursor cursor(block);
  const float scale = cursor.f16();
  const float offset = cursor.f16();
  const std::uint8_t* packed = cursor.bytes(12);
  decode_k4_or_5(packed, nullptr, cursor.bytes(128), scale, offset, out);
}

void decode_q5_k(const std::byte* block, float* out) {
  Cursor cursor(block);
  const float scale = cursor.f16();
  const float offset = cursor.f16();
  const std::uint8_t* packed = cursor.bytes(12);
  const std::uint8_t* fifth = cursor.bytes(32);
  decode_k4_or_5(packed, fifth, cursor.bytes(128), scale, offset, out);
}

/// Two halves of 128 values; in each, value 32 q + i has its low four bits in byte i (q even) or i + 32 (q
/// odd) of the half's 64 bytes, in the byte's low half for q < 2, and its high two bits at bit 2 q of byte i
/// of 32. Every 16 values share an 8-bit scale.
void decode_q6_k(const std::byte* block, float* out) {
  constexpr std::size_t kHalf = 128;
  Cursor cursor(block);
  const std::uint8_t* low_bits = cursor.bytes(128);
  const std::uint8_t* high_bits = cursor.bytes(64);
  const std::uint8_t* scales = cursor.bytes(16);
  const float scale = cursor.f16();
  for (std::size_t at = 0; at < kSuperBlock; ++at) {
    const std::size_t half = at / kHalf;
    const std::size_t q = at % kHalf / 32;
    const std::size_t i = at % 32;
    const std::uint8_t byte = low_bits[half * 64 + q % 2 * 32 + i];
    const int four = q < 2 ? low(byte) : high(byte);
    const int two = high_bits[half * 32 + i] >> (2 * q) & 3;
    const auto part = std::bit_cast<std::int8_t>(scales[at / 16]);
    out[at] = scale * static_cast<float>(part) * static_cast<float>((four | two << 4) - 32);
  }
}

struct Decoder {
  GgmlType type;
  GgmlBlock block;
  void (*decode)(const std::byte*, float*);
};

constexpr std::array kDecoders = {
    Decoder{GgmlType::kF32, {"F32", 1, 4}, decode_f32},
    Decoder{GgmlType::kF16, {"F16", 1, 2}, decode_f16},
    Decoder{GgmlType::kBf16, {"BF16", 1, 2}, decode_bf16},
    Decoder{GgmlType::kQ4_0, {"Q4_0", kSmallBlock, 18}, decode_q4_0},
    Decoder{GgmlType::kQ4_1, {"Q4_1", kSmallBlock, 20}, decode_q4_1},
    Decoder{GgmlType::kQ5_0, {"Q5_0", kSmallBlock, 22}, decode_q5_0},
    Decoder{GgmlType::kQ5_1, {"Q5_1", kSmallBlock, 24}, decode_q5_1},
    Decoder{GgmlType::kQ8_0, {"Q8_0", kSmallBlock, 34}, decode_q8_0},
    Decoder{GgmlType::kQ4_K, {"Q4_K", kSuperBlock, 144}, decode_q4_k},
    Decoder{GgmlType::kQ5_K, {"Q5_K", kSuperBlock, 176}, decode_q5_k},
    Decoder{GgmlType::kQ6_K, {"Q6_K", kSuperBlock, 210}, decode_q6_k},
};

const Decoder* find(GgmlType type) noexcept {
  for (const Decoder& decoder : kDecoders) {
    if (decoder.type == type) return &decoder;
  }
  return nullptr;
}

}  // namespace

const GgmlBlock* ggml_block(GgmlType type) noexcept {
  const Decoder* decoder = find(type);
  return decoder == nullptr ? nullptr : &decoder->block;
}

void dequantize(GgmlType type, std::span<const std::byte> data, std::span<float> out) {
  const Decoder* decoder = find(type);
  const std::size_t blocks = out.size() / decoder->block.elements;
  for (std::size_t i = 0; i < blocks; ++i) {
    decoder->decode(data.data() + i * decoder->block.bytes, out.data() + i * decoder->block.elements);
  }
}

}  // namespace axllama::compiler
