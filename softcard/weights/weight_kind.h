#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace axllama::softcard {

/// What is stored for each weight.
enum class WeightFormat : std::uint8_t { kF32, kF16, kBf16, kS8, kU4, kU5, kU6 };

/// What makes a weight of a stored integer q. `zero` is 0 for signed and for forms with a minimum, else half
/// of the range (8, 16, 32), so that u4 without a minimum is what others call s4.
enum class ScaleForm : std::uint8_t {
  kNone,          // floats
  kRow,           // (q - zero) * f32 scale of the row
  kGroup,         // (q - zero) * f16 scale of the group
  kGroupMinimum,  // q * f16 scale + f16 minimum of the group
  kSuperMinimum,  // q * (s * a) - (m * b): f16 s and m per 256 columns, 8-bit a and b per 32
  kSuperHalves,   // (q - zero) * (s * a): f16 s per 256 columns, signed 8-bit a per 16
};

/// A way to store weights, by the name that model files use. Each of GGUF's types is one of them without
/// loss: Q8_0 is s8_g32, Q4_0 is s4_g32, the others have their own names.
struct WeightKind {
  std::string_view name;
  WeightFormat format = WeightFormat::kBf16;
  ScaleForm scales = ScaleForm::kNone;
  std::size_t group = 0;  // columns of a scale, or of a super-block; 0 without groups

  bool is_float() const noexcept { return scales == ScaleForm::kNone; }
  bool has_minimum() const noexcept {
    return scales == ScaleForm::kGroupMinimum || scales == ScaleForm::kSuperMinimum;
  }
  /// The q that stands for 0.
  int zero() const noexcept;
  /// Columns that share an 8-bit factor of a super-block's scale; 0 without super-blocks.
  std::size_t factor_group() const noexcept;
};

std::span<const WeightKind> weight_kinds() noexcept;
/// Null for a name that is unknown.
const WeightKind* find_weight_kind(std::string_view name) noexcept;

}  // namespace axllama::softcard
