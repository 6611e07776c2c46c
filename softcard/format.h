#pragma once

// The software card's model files. They keep the vendor's file names (`*_l0_together.axmodel`,
// `*_post.axmodel`) and are safetensors files whose metadata describes a program:
//
//   metadata  kFormatKey  = kFormatVersion
//             kProgramKey = "layer" | "head"
//             kConfigKey  = JSON object, fields below
//
// Layer config   hidden, heads, kv_heads, head_dim, intermediate (integers), rms_eps (number), weights
//                (the weight type, informative), packed (object, see below),
//                qk_norm (bool), activation ("silu", "gelu_tanh"), compiler (string shown as the compiler
//                version), optional kWindowField: a row sees no key that lies so many positions or more
//                before its own, whatever the mask says (cache slot s holds position s, own rows those of
//                `indices`), groups: [{"kind":"decode","slots":C} | {"kind":"prefill","rows":P,"history":h},
//                ...]. A prefill group with history 0 has a dummy [1,1,kv] cache input, as the vendor's first
//                group.
// Layer tensors  attn_norm [H] F32, q_proj [heads*D,H], k_proj [kv*D,H], v_proj [kv*D,H], o_proj [H,heads*D],
//                q_norm [D] F32 and k_norm [D] F32 when qk_norm, mlp_norm [H] F32, gate_proj [I,H], up_proj
//                [I,H], down_proj [H,I], rope_inv_freq [D/2] F32 (rotate-half RoPE; angle = position *
//                inv_freq). Optional q_proj.bias, k_proj.bias, v_proj.bias [out] F32. Optional attn_post_norm
//                and mlp_post_norm [H] F32, both or neither: gains of RMSNorms over what attention and MLP
//                add to the hidden state.
// Head config    hidden, vocab, rms_eps, weights, packed, compiler; optional kTopCountField: the head gives
//                so many of its largest logits, and the whole row only if kAllLogitsField (bool, then
//                needed) is true; optional kReturnNormField (bool): the head has the output `output_norm`,
//                the normed hidden state, as with the vendor's --ret_postnorm.
// Head tensors   norm [H] F32, lm_head [V,H].
//
// A projection [out, in] is packed in the order in which kernels read it (softcard/weights/packed_matrix.h):
// U8 [blocks, block bytes], and the configuration's object kPackedField has its name with a kind of
// softcard/weights/weight_kind.h. A projection that is not named there is BF16, row-major.
//
// Tensors seen through the card's ABI (names, order, shapes, dtypes) are those of the vendor's layer and post
// models.

#include <string_view>

namespace axllama::softcard {

inline constexpr std::string_view kFormatKey = "axllama.softcard";
inline constexpr std::string_view kFormatVersion = "2";
inline constexpr std::string_view kProgramKey = "axllama.program";
inline constexpr std::string_view kConfigKey = "axllama.config";

inline constexpr std::string_view kLayerProgram = "layer";
inline constexpr std::string_view kHeadProgram = "head";

inline constexpr std::string_view kPackedField = "packed";
inline constexpr const char* kWindowField = "window";
inline constexpr std::string_view kTopCountField = "post_topk";
inline constexpr std::string_view kAllLogitsField = "all_logits";
inline constexpr const char* kReturnNormField = "ret_postnorm";
inline constexpr std::string_view kBiasSuffix = ".bias";

}  // namespace axllama::softcard
