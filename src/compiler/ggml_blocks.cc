#include "compiler/ggml_blocks.h"

#include <array>
#include <bit>
#include <cstring>

#include "base/bfloat16.h"
#include "compiler/float16.h"

namespace axllama::compiler {
namespace {

using softcard::BlockSource;

constexpr std::size_t kSmallBlock = 32;
constexpr std::size_t kSuperBlock = 256;

/// Reads the parts of a block in turn. Little-endian, as the format is.
class Cursor {
 public:
  explicit Cursor(const std::byte* at) : at_(at) {}

  std::uint16_t u16() { return read<std::uint16_t>(); }
  std::uint32_t u32() { return read<std::uint32_t>(); }
  const std::uint8_t* bytes(std::size_t count) {
    const auto* begin = reinterpret_cast<const std::uint8_t*>(at_);
    at_ += count;
    return begin;
  }

 private:
  template <typename Value>
  Value read() {
    Value value = 0;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  const std::byte* at_;
};

int low(std::uint8_t byte) {
  return byte & 0x0F;
}

int high(std::uint8_t byte) {
  return byte >> 4;
}

/// Makes room for values of a block.
template <std::size_t kCount>
std::byte* extend(BlockSource& out) {
  out.values.resize(out.values.size() + kCount);
  return out.values.data() + out.values.size() - kCount;
}

template <std::size_t kBytes>
void read_float(const std::byte* block, BlockSource& out) {
  std::memcpy(extend<kBytes>(out), block, kBytes);
}

/// 4-bit values of a small block: the low halves are the first 16, the high halves the last 16. Value i has
/// its fifth bit at bit i of `fifth`.
void read_nibbles(const std::uint8_t* quants, std::uint32_t fifth, BlockSource& out) {
  constexpr std::size_t kHalf = kSmallBlock / 2;
  std::byte* values = extend<kSmallBlock>(out);
  for (std::size_t i = 0; i < kHalf; ++i) {
    values[i] = static_cast<std::byte>(low(quants[i]) | static_cast<int>((fifth >> i & 1U) << 4U));
    values[i + kHalf] =
        static_cast<std::byte>(high(quants[i]) | static_cast<int>((fifth >> (i + kHalf) & 1U) << 4U));
  }
}

void read_q4_0(const std::byte* block, BlockSource& out) {
  Cursor cursor(block);
  out.scales.push_back(cursor.u16());
  read_nibbles(cursor.bytes(kSmallBlock / 2), 0, out);
}

void read_q4_1(const std::byte* block, BlockSource& out) {
  Cursor cursor(block);
  out.scales.push_back(cursor.u16());
  out.minimums.push_back(cursor.u16());
  read_nibbles(cursor.bytes(kSmallBlock / 2), 0, out);
}

void read_q5_0(const std::byte* block, BlockSource& out) {
  Cursor cursor(block);
  out.scales.push_back(cursor.u16());
  const std::uint32_t fifth = cursor.u32();
  read_nibbles(cursor.bytes(kSmallBlock / 2), fifth, out);
}

void read_q5_1(const std::byte* block, BlockSource& out) {
  Cursor cursor(block);
  out.scales.push_back(cursor.u16());
  out.minimums.push_back(cursor.u16());
  const std::uint32_t fifth = cursor.u32();
  read_nibbles(cursor.bytes(kSmallBlock / 2), fifth, out);
}

void read_q8_0(const std::byte* block, BlockSource& out) {
  Cursor cursor(block);
  out.scales.push_back(cursor.u16());
  std::memcpy(extend<kSmallBlock>(out), cursor.bytes(kSmallBlock), kSmallBlock);
}

/// The 6-bit factors of scale and minimum of part j (of 8) of a K block, from 12 packed bytes: parts 0 to 3
/// have theirs in the low six bits of bytes j and j + 4; parts 4 to 7 have the low four bits in the halves of
/// byte j + 4 and the high two bits in what parts 0 to 3 left free.
void read_factors(const std::uint8_t* packed, std::size_t j, BlockSource& out) {
  const bool plain = j < 4;
  const int scale = plain ? packed[j] & 63 : low(packed[j + 4]) | (packed[j - 4] >> 6) << 4;
  const int minimum = plain ? packed[j + 4] & 63 : high(packed[j + 4]) | (packed[j] >> 6) << 4;
  out.factors.push_back(static_cast<std::uint8_t>(scale));
  out.minimum_factors.push_back(static_cast<std::uint8_t>(minimum));
}

/// Q4_K and Q5_K: eight parts of 32 values, two at a time from the halves of 32 bytes. `fifth` (32 bytes,
/// null for Q4_K) holds part j's fifth bits at bit j.
void read_parts(const std::uint8_t* packed, const std::uint8_t* fifth, const std::uint8_t* quants,
                BlockSource& out) {
  constexpr std::size_t kPart = 32;
  std::byte* values = extend<kSuperBlock>(out);
  for (std::size_t j = 0; j < kSuperBlock / kPart; ++j) {
    read_factors(packed, j, out);
    const std::uint8_t* bytes = quants + j / 2 * kPart;
    for (std::size_t i = 0; i < kPart; ++i) {
      int value = j % 2 == 0 ? low(bytes[i]) : high(bytes[i]);
      if (fifth != nullptr) value |= (fifth[i] >> j & 1) << 4;
      values[j * kPart + i] = static_cast<std::byte>(value);
    }
  }
}

void read_q4_k(const std::byte* block, BlockSource& out) {
  Cursor cursor(block);
  out.scales.push_back(cursor.u16());
  out.minimums.push_back(cursor.u16());
  const std::uint8_t* packed = cursor.bytes(12);
  read_parts(packed, nullptr, cursor.bytes(128), out);
}

void read_q5_k(const std::byte* block, BlockSource& out) {
  Cursor cursor(block);
  out.scales.push_back(cursor.u16());
  out.minimums.push_back(cursor.u16());
  const std::uint8_t* packed = cursor.bytes(12);
  const std::uint8_t* fifth = cursor.bytes(32);
  read_parts(packed, fifth, cursor.bytes(128), out);
}

/// Two halves of 128 values; in each, value 32 q + i has its low four bits in byte i (q even) or i + 32 (q
/// odd) of the half's 64 bytes, in the byte's low half for q < 2, and its high two bits at bit 2 q of byte i
/// of 32. Every 16 values share an 8-bit factor.
void read_q6_k(const std::byte* block, BlockSource& out) {
  constexpr std::size_t kHalf = 128;
  Cursor cursor(block);
  const std::uint8_t* low_bits = cursor.bytes(128);
  const std::uint8_t* high_bits = cursor.bytes(64);
  const std::uint8_t* factors = cursor.bytes(16);
  out.factors.insert(out.factors.end(), factors, factors + 16);
  out.scales.push_back(cursor.u16());
  std::byte* values = extend<kSuperBlock>(out);
  for (std::size_t at = 0; at < kSuperBlock; ++at) {
    const std::size_t half = at / kHalf;
    const std::size_t q = at % kHalf / 32;
    const std::size_t i = at % 32;
    const std::uint8_t byte = low_bits[half * 64 + q % 2 * 32 + i];
    const int four = q < 2 ? low(byte) : high(byte);
    const int two = high_bits[half * 32 + i] >> (2 * q) & 3;
    values[at] = static_cast<std::byte>(four | two << 4);
  }
}

struct Reader {
  GgmlType type;
  GgmlBlock block;
  std::string_view kind;
  void (*read)(const std::byte*, BlockSource&);
};

constexpr std::array kReaders = {
    Reader{GgmlType::kF32, {"F32", 1, 4}, "f32", read_float<4>},
    Reader{GgmlType::kF16, {"F16", 1, 2}, "f16", read_float<2>},
    Reader{GgmlType::kBf16, {"BF16", 1, 2}, "bf16", read_float<2>},
    Reader{GgmlType::kQ4_0, {"Q4_0", kSmallBlock, 18}, "s4_g32", read_q4_0},
    Reader{GgmlType::kQ4_1, {"Q4_1", kSmallBlock, 20}, "q4_1", read_q4_1},
    Reader{GgmlType::kQ5_0, {"Q5_0", kSmallBlock, 22}, "q5_0", read_q5_0},
    Reader{GgmlType::kQ5_1, {"Q5_1", kSmallBlock, 24}, "q5_1", read_q5_1},
    Reader{GgmlType::kQ8_0, {"Q8_0", kSmallBlock, 34}, "s8_g32", read_q8_0},
    Reader{GgmlType::kQ4_K, {"Q4_K", kSuperBlock, 144}, "q4_k", read_q4_k},
    Reader{GgmlType::kQ5_K, {"Q5_K", kSuperBlock, 176}, "q5_k", read_q5_k},
    Reader{GgmlType::kQ6_K, {"Q6_K", kSuperBlock, 210}, "q6_k", read_q6_k},
};

const Reader* find(GgmlType type) noexcept {
  for (const Reader& reader : kReaders) {
    if (reader.type == type) return &reader;
  }
  return nullptr;
}

/// A weight of a row that is stored in integers, in f32 as ggml computes it.
float weight(const softcard::WeightKind& kind, const BlockSource& row, std::size_t column) {
  const bool is_signed = kind.format == softcard::WeightFormat::kS8;
  const auto stored = std::to_integer<std::uint8_t>(row.values[column]);
  const int integer = is_signed ? std::bit_cast<std::int8_t>(stored) : stored - kind.zero();
  const auto q = static_cast<float>(integer);
  const float scale = f16_to_f32(row.scales[column / kind.group]);
  const float minimum = kind.has_minimum() ? f16_to_f32(row.minimums[column / kind.group]) : 0.0F;
  switch (kind.scales) {
    case softcard::ScaleForm::kSuperMinimum: {
      const std::size_t part = column / kind.factor_group();
      return scale * static_cast<float>(row.factors[part]) * q -
             minimum * static_cast<float>(row.minimum_factors[part]);
    }
    case softcard::ScaleForm::kSuperHalves: {
      const auto factor = std::bit_cast<std::int8_t>(row.factors[column / kind.factor_group()]);
      return scale * static_cast<float>(factor) * q;
    }
    default:
      return q * scale + minimum;
  }
}

}  // namespace

const GgmlBlock* ggml_block(GgmlType type) noexcept {
  const Reader* reader = find(type);
  return reader == nullptr ? nullptr : &reader->block;
}

const softcard::WeightKind& weight_kind(GgmlType type) noexcept {
  return *softcard::find_weight_kind(find(type)->kind);
}

void append_stored(GgmlType type, std::span<const std::byte> data, softcard::BlockSource& out) {
  const Reader& reader = *find(type);
  for (std::size_t at = 0; at < data.size(); at += reader.block.bytes) reader.read(data.data() + at, out);
}

void dequantize(GgmlType type, std::span<const std::byte> data, std::span<float> out) {
  BlockSource row;
  append_stored(type, data, row);
  const softcard::WeightKind& kind = weight_kind(type);
  for (std::size_t i = 0; i < out.size(); ++i) {
    Cursor cursor(row.values.data() + i * (type == GgmlType::kF32 ? 4 : 2));
    switch (kind.format) {
      case softcard::WeightFormat::kF32:
        out[i] = std::bit_cast<float>(cursor.u32());
        break;
      case softcard::WeightFormat::kF16:
        out[i] = f16_to_f32(cursor.u16());
        break;
      case softcard::WeightFormat::kBf16:
        out[i] = base::bf16_to_f32(cursor.u16());
        break;
      default:
        out[i] = weight(kind, row, i);
    }
  }
}

}  // namespace axllama::compiler
