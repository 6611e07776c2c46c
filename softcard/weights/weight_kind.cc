#include "softcard/weights/weight_kind.h"

#include <array>

namespace axllama::softcard {
namespace {

constexpr std::array kKinds = {
    WeightKind{"f32", WeightFormat::kF32, ScaleForm::kNone, 0},
    WeightKind{"f16", WeightFormat::kF16, ScaleForm::kNone, 0},
    WeightKind{"bf16", WeightFormat::kBf16, ScaleForm::kNone, 0},
    WeightKind{"s8", WeightFormat::kS8, ScaleForm::kRow, 0},
    WeightKind{"s8_g32", WeightFormat::kS8, ScaleForm::kGroup, 32},
    WeightKind{"s4_g32", WeightFormat::kU4, ScaleForm::kGroup, 32},
    WeightKind{"s4_g128", WeightFormat::kU4, ScaleForm::kGroup, 128},
    WeightKind{"q4_1", WeightFormat::kU4, ScaleForm::kGroupMinimum, 32},
    WeightKind{"q5_0", WeightFormat::kU5, ScaleForm::kGroup, 32},
    WeightKind{"q5_1", WeightFormat::kU5, ScaleForm::kGroupMinimum, 32},
    WeightKind{"q4_k", WeightFormat::kU4, ScaleForm::kSuperMinimum, 256},
    WeightKind{"q5_k", WeightFormat::kU5, ScaleForm::kSuperMinimum, 256},
    WeightKind{"q6_k", WeightFormat::kU6, ScaleForm::kSuperHalves, 256},
};

}  // namespace

int WeightKind::zero() const noexcept {
  if (has_minimum()) return 0;
  switch (format) {
    case WeightFormat::kU4:
      return 8;
    case WeightFormat::kU5:
      return 16;
    case WeightFormat::kU6:
      return 32;
    default:
      return 0;
  }
}

std::size_t WeightKind::factor_group() const noexcept {
  if (scales == ScaleForm::kSuperMinimum) return 32;
  return scales == ScaleForm::kSuperHalves ? 16 : 0;
}

std::span<const WeightKind> weight_kinds() noexcept {
  return kKinds;
}

const WeightKind* find_weight_kind(std::string_view name) noexcept {
  for (const WeightKind& kind : kKinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

}  // namespace axllama::softcard
