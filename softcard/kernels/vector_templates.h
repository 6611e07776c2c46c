#pragma once

// Element-wise, normalisation and attention helpers over the 16-lane vectors of the simd_*.h header included
// before this one. Unnamed namespace: each target's translation unit has its own copy.

#include "softcard/kernels/kernel_table.h"

namespace axllama::softcard {
namespace {

constexpr std::size_t kLanes = 16;

AXLLAMA_INLINE F32x16 load_partial(const float* p, std::size_t count) {
  float buffer[kLanes] = {};
  for (std::size_t i = 0; i < count; ++i) buffer[i] = p[i];
  return load(buffer);
}

AXLLAMA_INLINE void store_partial(float* p, F32x16 a, std::size_t count) {
  float buffer[kLanes];
  store(buffer, a);
  for (std::size_t i = 0; i < count; ++i) p[i] = buffer[i];
}

/// function(offset, load, store) style loops: calls whole(i) for full vectors and tail(i, count) for the
/// rest.
template <typename Whole, typename Tail>
AXLLAMA_INLINE void for_lanes(std::size_t count, Whole whole, Tail tail) {
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) whole(i);
  if (i < count) tail(i, count - i);
}

/// The fixed tree: lane l + 8, then + 4, + 2, + 1.
AXLLAMA_INLINE float sum_lanes(F32x16 a) {
  float lanes[kLanes];
  store(lanes, a);
  for (std::size_t width = kLanes / 2; width > 0; width /= 2) {
    for (std::size_t i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  }
  return lanes[0];
}

void bf16_to_f32(const std::uint16_t* in, std::size_t count, float* out) {
  for_lanes(
      count, [&](std::size_t i) { store(out + i, load_bf16(in + i)); },
      [&](std::size_t i, std::size_t left) {
        std::uint16_t buffer[kLanes] = {};
        for (std::size_t j = 0; j < left; ++j) buffer[j] = in[i + j];
        store_partial(out + i, load_bf16(buffer), left);
      });
}

void f32_to_bf16(const float* in, std::size_t count, std::uint16_t* out) {
  for_lanes(
      count, [&](std::size_t i) { store_bf16(out + i, load(in + i)); },
      [&](std::size_t i, std::size_t left) {
        std::uint16_t buffer[kLanes];
        store_bf16(buffer, load_partial(in + i, left));
        for (std::size_t j = 0; j < left; ++j) out[i + j] = buffer[j];
      });
}

void rms_norm(const float* x, const float* gain, float epsilon, std::size_t count, float* out) {
  F32x16 squares = splat(0);
  const auto accumulate = [&](F32x16 v) { squares = fma(v, v, squares); };
  for_lanes(
      count, [&](std::size_t i) { accumulate(load(x + i)); },
      [&](std::size_t i, std::size_t left) { accumulate(load_partial(x + i, left)); });
  const float mean = sum_lanes(squares) / static_cast<float>(count);
  const F32x16 factor = splat(1.0F / __builtin_sqrtf(mean + epsilon));
  for_lanes(
      count, [&](std::size_t i) { store(out + i, mul(mul(load(x + i), factor), load(gain + i))); },
      [&](std::size_t i, std::size_t left) {
        store_partial(out + i, mul(mul(load_partial(x + i, left), factor), load_partial(gain + i, left)),
                      left);
      });
}

void rotate_half(float* x, const float* cosine, const float* sine, std::size_t half) {
  float* y = x + half;
  const auto rotate = [](F32x16& a, F32x16& b, F32x16 c, F32x16 s) {
    const F32x16 turned = fnma(b, s, mul(a, c));
    b = fma(a, s, mul(b, c));
    a = turned;
  };
  for_lanes(
      half,
      [&](std::size_t i) {
        F32x16 a = load(x + i);
        F32x16 b = load(y + i);
        rotate(a, b, load(cosine + i), load(sine + i));
        store(x + i, a);
        store(y + i, b);
      },
      [&](std::size_t i, std::size_t left) {
        F32x16 a = load_partial(x + i, left);
        F32x16 b = load_partial(y + i, left);
        rotate(a, b, load_partial(cosine + i, left), load_partial(sine + i, left));
        store_partial(x + i, a, left);
        store_partial(y + i, b, left);
      });
}

/// e^x, relative error below 2e-7 for x in [-87.3, 88.3]; clamped above, exactly 0 below; NaN stays NaN.
AXLLAMA_INLINE F32x16 exponential(F32x16 x) {
  const F32x16 low = splat(-87.3F);
  const F32x16 clamped = max_or_second(low, min_or_second(splat(88.3F), x));
  // x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 in two parts so that n ln 2 loses nothing.
  const I32x16 n = round_to_i32(mul(clamped, splat(1.44269504088896341F)));
  const F32x16 steps = to_f32(n);
  F32x16 r = fnma(steps, splat(0.693359375F), clamped);
  r = fnma(steps, splat(-2.12194440e-4F), r);
  // Taylor polynomial of degree 7: the next term is below 1e-8 at the ends.
  F32x16 p = splat(1.0F / 5040.0F);
  p = fma(p, r, splat(1.0F / 720.0F));
  p = fma(p, r, splat(1.0F / 120.0F));
  p = fma(p, r, splat(1.0F / 24.0F));
  p = fma(p, r, splat(1.0F / 6.0F));
  p = fma(p, r, splat(0.5F));
  p = fma(p, r, splat(1.0F));
  p = fma(p, r, splat(1.0F));
  const F32x16 power = as_f32(shift_left<23>(add(n, 127)));
  return zero_where_less(x, low, mul(p, power));
}

AXLLAMA_INLINE F32x16 silu_times(F32x16 gate, F32x16 up) {
  const F32x16 denominator = add(splat(1.0F), exponential(sub(splat(0.0F), gate)));
  return mul(div(gate, denominator), up);
}

/// As 0.5 (1 + tanh(u)) is the logistic function of 2u, this is silu with another exponent.
AXLLAMA_INLINE F32x16 gelu_times(F32x16 gate, F32x16 up) {
  const F32x16 cubed = fma(mul(mul(gate, gate), gate), splat(0.044715F), gate);
  const F32x16 exponent = mul(cubed, splat(-1.5957691216057308F));  // -2 sqrt(2 / pi)
  return mul(div(gate, add(splat(1.0F), exponential(exponent))), up);
}

void silu_multiply(const float* gate, const float* up, std::size_t count, float* out) {
  for_lanes(
      count, [&](std::size_t i) { store(out + i, silu_times(load(gate + i), load(up + i))); },
      [&](std::size_t i, std::size_t left) {
        store_partial(out + i, silu_times(load_partial(gate + i, left), load_partial(up + i, left)), left);
      });
}

void gelu_multiply(const float* gate, const float* up, std::size_t count, float* out) {
  for_lanes(
      count, [&](std::size_t i) { store(out + i, gelu_times(load(gate + i), load(up + i))); },
      [&](std::size_t i, std::size_t left) {
        store_partial(out + i, gelu_times(load_partial(gate + i, left), load_partial(up + i, left)), left);
      });
}

void add_vectors(float* sum, const float* x, std::size_t count) {
  for_lanes(
      count, [&](std::size_t i) { store(sum + i, add(load(sum + i), load(x + i))); },
      [&](std::size_t i, std::size_t left) {
        store_partial(sum + i, add(load_partial(sum + i, left), load_partial(x + i, left)), left);
      });
}

void scale_vector(float* x, float factor, std::size_t count) {
  const F32x16 f = splat(factor);
  for_lanes(
      count, [&](std::size_t i) { store(x + i, mul(load(x + i), f)); },
      [&](std::size_t i, std::size_t left) {
        store_partial(x + i, mul(load_partial(x + i, left), f), left);
      });
}

/// 16 neighbouring 32-bit words (pairs of bf16), zero beyond `words`.
AXLLAMA_INLINE I32x16 load_words(const std::uint16_t* p, std::size_t words) {
  if (words >= kLanes) return load_i32(p);
  alignas(64) std::uint16_t buffer[2 * kLanes] = {};
  for (std::size_t i = 0; i < 2 * words; ++i) buffer[i] = p[i];
  return load_i32(buffer);
}

void gather_transposed(const std::uint16_t* const* row_pointers, std::size_t count, std::size_t dim,
                       float* tile) {
  alignas(64) static const std::uint16_t kZeros[2 * kLanes] = {};
  const std::size_t words = dim / 2;
  for (std::size_t column = 0; column < count; column += kLanes) {
    for (std::size_t word = 0; word < words; word += kLanes) {
      const std::size_t width = words - word < kLanes ? words - word : kLanes;
      I32x16 block[kLanes];
#pragma GCC unroll 16
      for (std::size_t j = 0; j < kLanes; ++j) {
        block[j] =
            column + j < count ? load_words(row_pointers[column + j] + 2 * word, width) : load_i32(kZeros);
      }
      transpose(block);
#pragma GCC unroll 16
      for (std::size_t i = 0; i < kLanes; ++i) {
        if (i >= width) break;
        float* out = tile + 2 * (word + i) * kBlockRows + column;
        store(out, as_f32(shift_left<16>(block[i])));
        store(out + kBlockRows, as_f32(bit_and(block[i], static_cast<std::int32_t>(0xFFFF0000U))));
      }
    }
  }
}

void gather_rows(const std::uint16_t* const* row_pointers, std::size_t count, std::size_t dim, float* tile,
                 std::size_t tile_stride) {
  for (std::size_t j = 0; j < count; ++j) {
    const std::uint16_t* row = row_pointers[j];
    float* out = tile + j * tile_stride;
    for_lanes(
        dim, [&](std::size_t i) { store(out + i, load_bf16(row + i)); },
        [&](std::size_t i, std::size_t left) {
          std::uint16_t buffer[kLanes] = {};
          for (std::size_t d = 0; d < left; ++d) buffer[d] = row[i + d];
          store(out + i, load_bf16(buffer));
        });
  }
}

/// kRows independent chains hide the latency of each.
template <std::size_t kRows>
void sum_some_rows(const float* x, std::size_t stride, std::size_t count, float* sums) {
  float chain[kRows] = {};
  for (std::size_t j = 0; j < count; ++j) {
#pragma GCC unroll 8
    for (std::size_t row = 0; row < kRows; ++row) chain[row] += x[row * stride + j];
  }
  for (std::size_t row = 0; row < kRows; ++row) sums[row] = chain[row];
}

void sum_rows(const ActivationView& x, std::size_t count, float* sums) {
  constexpr std::size_t kRows = 8;
  std::size_t row = 0;
  for (; row + kRows <= x.rows; row += kRows) {
    sum_some_rows<kRows>(x.data + row * x.stride, x.stride, count, sums + row);
  }
  for (; row < x.rows; ++row) sum_some_rows<1>(x.data + row * x.stride, x.stride, count, sums + row);
}

void softmax_weights(float* scores, const float* mask, std::size_t count) {
  const F32x16 hidden = splat(-__builtin_inff());
  F32x16 largest = hidden;
  for (std::size_t i = 0; i < count; i += kLanes) {
    const F32x16 masked = add(load(scores + i), load(mask + i));
    store(scores + i, masked);
    largest = max_or_second(largest, masked);
  }
  float lanes[kLanes];
  store(lanes, largest);
  float top = lanes[0];
  for (std::size_t i = 1; i < kLanes; ++i) top = lanes[i] > top ? lanes[i] : top;
  if (top == -__builtin_inff()) {
    for (std::size_t i = 0; i < count; i += kLanes) store(scores + i, splat(0));
    return;
  }
  const F32x16 offset = splat(top);
  for (std::size_t i = 0; i < count; i += kLanes) {
    store(scores + i, exponential(sub(load(scores + i), offset)));
  }
}

}  // namespace
}  // namespace axllama::softcard
