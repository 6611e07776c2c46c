#pragma once

// The software card's model files. They keep the vendor's file names (`*_l0_together.axmodel`,
// `*_post.axmodel`) and are safetensors files whose metadata describes a program:
//
//   metadata  kFormatKey  = kFormatVersion
//             kProgramKey = "layer" | "head"
//             kConfigKey  = JSON object, fields below
//
// Layer config   hidden, heads, kv_heads, head_dim, intermediate (integers), rms_eps (number), weights
// ("bf16" | "s8" | "s4"; informative, the tensors decide),
//                qk_norm (bool), activation ("silu"), compiler (string shown as the compiler version),
//                groups: [{"kind":"decode","slots":C} | {"kind":"prefill","rows":P,"history":h}, ...].
//                A prefill group with history 0 has a dummy [1,1,kv] cache input, as the vendor's first
//                group.
// Layer tensors  attn_norm [H] F32, q_proj [heads*D,H], k_proj [kv*D,H], v_proj [kv*D,H], o_proj [H,heads*D],
//                q_norm [D] F32 and k_norm [D] F32 when qk_norm, mlp_norm [H] F32, gate_proj [I,H], up_proj
//                [I,H], down_proj [H,I], rope_inv_freq [D/2] F32 (rotate-half RoPE; angle = position *
//                inv_freq). Optional q_proj.bias, k_proj.bias, v_proj.bias [out] F32.
// Head config    hidden, vocab, rms_eps, weights, compiler.   Head tensors  norm [H] F32, lm_head [V,H].
//
// Projections are row-major [out, in], each in one of these forms, mixed freely within a file:
//   BF16
//   I8 with a companion "NAME.scale" [out] F32: the weight is q * scale[row] (symmetric, per output row)
//   I8 with "NAME.scale" [out, in/g] F16, g one of 32, 64, 128: q * scale[row, k / g]
//   U8 [out, in/2] (s4) with "NAME.scale" [out, in/g] F16: byte j of a row holds columns 2j (low half) and
//     2j + 1 (high half) as q + 8, q in [-8, 7]; the weight is q * scale[row, k / g]
// The last two may have "NAME.min" [out, in/g] F16, which is added: q * scale + min.
//
// Tensors seen through the card's ABI (names, order, shapes, dtypes) are those of the vendor's layer and post
// models.

#include <string_view>

namespace axllama::softcard {

inline constexpr std::string_view kFormatKey = "axllama.softcard";
inline constexpr std::string_view kFormatVersion = "1";
inline constexpr std::string_view kProgramKey = "axllama.program";
inline constexpr std::string_view kConfigKey = "axllama.config";

inline constexpr std::string_view kLayerProgram = "layer";
inline constexpr std::string_view kHeadProgram = "head";

inline constexpr std::string_view kScaleSuffix = ".scale";
inline constexpr std::string_view kMinimumSuffix = ".min";
inline constexpr std::string_view kBiasSuffix = ".bias";

}  // namespace axllama::softcard
