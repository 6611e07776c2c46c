#pragma once

#include <optional>
#include <string>
#include <vector>

#include "axcl/layer_probe.h"
#include "axcl/selftest.h"

namespace axllama::axcl {

/// The checks of what the engine relies on. Private to this room.
class SelfTestUses {
 public:
  SelfTestUses(Card& card, Model& model, const LayerForm& form);

  /// All checks, in the order in which they depend on each other.
  std::vector<SelfTestCheck> run();
  double execute_us() const noexcept { return execute_us_; }
  double copy_us() const noexcept { return copy_us_; }

 private:
  void add(const char* name, int rule, bool passed, const std::string& what);
  void skip(const char* name, int rule, const std::string& why);

  LayerRows decode(std::size_t row, std::size_t visible);
  void check_repeatable();
  void check_outputs();
  void check_inputs();
  void check_rows_in_their_slot();
  void check_chunk(const LayerForm::Chunk& chunk, std::size_t visible, const std::string& suffix);
  void check_chunks();
  void judge_sameness();
  void measure();

  Card& card_;
  Model& model_;
  const LayerForm& form_;
  LayerRun decode_;
  std::vector<base::Bf16> cached_keys_;  // rows 0, 1, ... as a chunk gave them
  std::vector<base::Bf16> cached_values_;
  std::vector<SelfTestCheck> checks_;
  std::size_t compared_states_ = 0;   // rows of chunks whose hidden states were compared with decoding
  std::size_t differing_states_ = 0;  // of these, in any byte
  double worst_state_ = 0;            // relative difference
  double execute_us_ = 0;
  double copy_us_ = 0;
};

/// |a - b| / |b| over all values; infinity where a value is not finite.
double relative_difference(std::span<const base::Bf16> a, std::span<const base::Bf16> b);

/// What outputs of the same row, computed in two ways, may differ by: they pass through different kernels.
inline constexpr double kOutputTolerance = 0.05;

}  // namespace axllama::axcl
