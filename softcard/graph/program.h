#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace axllama::softcard {

/// Element types a program's tensors may have; values are those of axclrtEngineDataType.
enum class ElementType : int { kInt32 = 7, kUint32 = 8, kBf16 = 14, kFp32 = 15 };

std::size_t element_size(ElementType type) noexcept;

/// One input or output as the ABI shows it: the same name and type in every shape group, dims per group.
struct TensorInfo {
  std::string name;
  ElementType type = ElementType::kBf16;
  std::vector<std::vector<std::int32_t>> dims;  // [group][axis]

  std::size_t bytes(std::size_t group) const;
};

/// The image is not a program this card can run; what() is a sentence naming the reason.
class ProgramError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A K_cache or V_cache row holds NaN: memory that nobody zeroed. Thrown under UninitializedCache::kRefuse.
class UninitializedCacheError : public ProgramError {
 public:
  using ProgramError::ProgramError;
};

/// What execute() does with NaN in K_cache and V_cache rows that the mask hides. NaN in a visible row always
/// reaches the output. A row counts as NaN when its first element is; rows of the execution itself are
/// treated like cache rows.
enum class UninitializedCache {
  kIgnore,  // hidden rows are never read
  kPoison,  // every output becomes NaN, as on the card, where NaN plus a mask is NaN
  kRefuse,  // throws UninitializedCacheError naming tensor and slot (visible rows too)
};

/// What one execution reads, for the timing model.
struct ExecutionCost {
  std::uint64_t weight_bytes = 0;
  std::uint64_t cache_bytes = 0;              // K and V history read, whatever the position
  std::uint64_t multiply_adds = 0;            // with weights
  std::uint64_t attention_multiply_adds = 0;  // with keys and values
};

/// A loaded model: immutable weights (own copy, huge pages) and the arithmetic of one layer or head.
/// execute() may be called by one thread at a time; it uses the process-wide kernel thread pool. Different
/// programs may execute at the same time.
///
/// Numerics: f32 arithmetic with bf16 at the tensors. A token's K, V and output bytes depend only on the
/// token, its position and the rows its mask shows, in column order: not on the group, the other rows, the
/// number of threads or the processor's instruction set (kernels/kernel_table.h).
///
/// Mask: additive bf16. A value of -9984 (bf16 of -1e4) or below hides the column: its weight is exactly 0. A
/// row that sees no column attends to nothing (attention is 0). Rows at the end of a chunk whose mask hides
/// every column are padding: their K, V and output rows are 0 and cost nothing.
///
/// As on the card, `output` is left untouched in groups of 2..63 rows.
class Program {
 public:
  virtual ~Program() = default;

  /// Copies what it needs out of `image`. Throws ProgramError (real .axmodel files, truncated or foreign
  /// images, missing tensors, disagreeing shapes).
  static std::unique_ptr<Program> load(std::span<const std::byte> image, const std::string& name);

  /// Inputs and outputs in alphabetical order.
  virtual std::span<const TensorInfo> inputs() const = 0;
  virtual std::span<const TensorInfo> outputs() const = 0;
  virtual std::size_t group_count() const = 0;
  virtual const std::string& compiler_version() const = 0;
  virtual std::uint64_t weight_bytes() const = 0;
  virtual ExecutionCost cost(std::size_t group) const = 0;

  /// kPoison until set. Programs without caches ignore it.
  void set_uninitialized_cache(UninitializedCache policy) noexcept { uninitialized_cache_ = policy; }

  /// Pointers in the order of inputs()/outputs(), aligned to their element type, each of exactly bytes(group)
  /// readable or writable bytes. Throws ProgramError when the input values are impossible (index out of the
  /// RoPE range).
  virtual void execute(std::size_t group, std::span<const std::byte* const> input_data,
                       std::span<std::byte* const> output_data) = 0;

 protected:
  UninitializedCache uninitialized_cache() const noexcept { return uninitialized_cache_; }

 private:
  UninitializedCache uninitialized_cache_ = UninitializedCache::kPoison;
};

}  // namespace axllama::softcard
