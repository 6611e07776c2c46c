#pragma once

// For tests: programs in the shape of layers and heads whose arithmetic can be checked by eye.

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "softcard/card/services.h"
#include "softcard/graph/program.h"

namespace axllama::softcard::testing {

inline constexpr std::int32_t kHidden = 8;
inline constexpr std::int32_t kKv = 4;
inline constexpr std::int32_t kSlots = 16;
inline constexpr std::int32_t kSmallRows = 8;
inline constexpr std::int32_t kLargeRows = 64;
inline constexpr std::uint32_t kDecodeGroup = 0;
inline constexpr std::uint32_t kSmallGroup = 1;  // a chunk of kSmallRows rows, history kSlots
inline constexpr std::uint32_t kLargeGroup = 2;  // a chunk of kLargeRows rows, history kSlots
inline constexpr std::uint32_t kFirstGroup = 3;  // the same without history; the cache is a dummy of one slot

/// A layer with the four groups above. Row r of `output` is row r of `input`, but element 0 is the first
/// mask value of the row and element 1 the row's index; K and V rows are the first elements of the row.
class FakeLayer : public Program {
 public:
  explicit FakeLayer(std::uint64_t weight_bytes) : weight_bytes_(weight_bytes) {
    const auto add = [](std::vector<TensorInfo>& list, std::string name, ElementType type,
                        const std::function<std::vector<std::int32_t>(std::int32_t, std::int32_t)>& dims) {
      list.push_back(
          {std::move(name),
           type,
           {dims(1, kSlots), dims(kSmallRows, kSlots), dims(kLargeRows, kSlots), dims(kLargeRows, 0)}});
    };
    const auto cache = [](std::int32_t, std::int32_t history) {
      return std::vector<std::int32_t>{1, std::max(history, 1), kKv};
    };
    const auto rows_of = [](std::int32_t width) {
      return [width](std::int32_t rows, std::int32_t) { return std::vector<std::int32_t>{1, rows, width}; };
    };
    add(inputs_, "K_cache", ElementType::kBf16, cache);
    add(inputs_, "V_cache", ElementType::kBf16, cache);
    add(inputs_, "indices", ElementType::kUint32,
        [](std::int32_t rows, std::int32_t) { return std::vector<std::int32_t>{1, rows}; });
    add(inputs_, "input", ElementType::kBf16, rows_of(kHidden));
    add(inputs_, "mask", ElementType::kBf16, [](std::int32_t rows, std::int32_t history) {
      return std::vector<std::int32_t>{1, rows, history + rows};
    });
    add(outputs_, "K_cache_out", ElementType::kBf16, rows_of(kKv));
    add(outputs_, "V_cache_out", ElementType::kBf16, rows_of(kKv));
    add(outputs_, "output", ElementType::kBf16, rows_of(kHidden));
  }

  std::span<const TensorInfo> inputs() const override { return inputs_; }
  std::span<const TensorInfo> outputs() const override { return outputs_; }
  std::size_t group_count() const override { return 4; }
  const std::string& compiler_version() const override { return compiler_; }
  std::uint64_t weight_bytes() const override { return weight_bytes_; }
  ExecutionCost cost(std::size_t /*group*/) const override { return {weight_bytes_, 0, weight_bytes_}; }

  void execute(std::size_t group, std::span<const std::byte* const> in,
               std::span<std::byte* const> out) override {
    const auto rows = static_cast<std::size_t>(inputs_[3].dims[group][1]);
    const auto columns = static_cast<std::size_t>(inputs_[4].dims[group][2]);
    for (std::size_t row = 0; row < rows; ++row) {
      const std::byte* input = in[3] + row * kHidden * 2;
      std::memcpy(out[0] + row * kKv * 2, input, kKv * 2);
      std::memcpy(out[1] + row * kKv * 2, input, kKv * 2);
      std::memmove(out[2] + row * kHidden * 2, input, kHidden * 2);
      std::memcpy(out[2] + row * kHidden * 2, in[4] + row * columns * 2, 2);
      std::memcpy(out[2] + row * kHidden * 2 + 2, in[2] + row * 4, 2);
    }
  }

 private:
  std::uint64_t weight_bytes_;
  std::string compiler_ = "fake 1";
  std::vector<TensorInfo> inputs_;
  std::vector<TensorInfo> outputs_;
};

/// A head with 32 logits; all of them are the first element of `input`.
class FakeHead : public Program {
 public:
  std::span<const TensorInfo> inputs() const override { return inputs_; }
  std::span<const TensorInfo> outputs() const override { return outputs_; }
  std::size_t group_count() const override { return 1; }
  const std::string& compiler_version() const override { return compiler_; }
  std::uint64_t weight_bytes() const override { return 64; }
  ExecutionCost cost(std::size_t /*group*/) const override { return {64, 0, 64}; }
  void execute(std::size_t /*group*/, std::span<const std::byte* const> in,
               std::span<std::byte* const> out) override {
    ++executed;
    for (std::size_t token = 0; token < kVocab; ++token) {
      std::memcpy(out[0] + token * 2, in[0], 2);
    }
  }

  static constexpr std::size_t kVocab = 32;
  static inline std::atomic<std::size_t> executed = 0;  // by all heads

 private:
  std::string compiler_ = "fake 1";
  std::vector<TensorInfo> inputs_ = {{"input", ElementType::kBf16, {{1, 1, kHidden}}}};
  std::vector<TensorInfo> outputs_ = {
      {"output", ElementType::kBf16, {{1, 1, static_cast<std::int32_t>(kVocab)}}}};
};

/// Images are texts: "layer" or "head", a layer's padded with as many bytes as its weights shall have.
inline std::unique_ptr<Program> load_fake(std::span<const std::byte> image, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(image.data()), image.size());
  if (text.starts_with("layer")) {
    return std::make_unique<FakeLayer>(image.size());
  }
  if (text.starts_with("head")) {
    return std::make_unique<FakeHead>();
  }
  throw ProgramError(name + " is neither a layer nor a head.");
}

}  // namespace axllama::softcard::testing
