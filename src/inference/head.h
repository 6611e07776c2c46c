#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "axcl/card.h"
#include "axcl/device_memory.h"
#include "axcl/model.h"
#include "base/bfloat16.h"
#include "inference/card_queue.h"

namespace axllama::inference {

/// The output head on a card: final norm and projection of one hidden row to logits. Owner thread only.
class Head {
 public:
  /// Throws Error: what axcl::Model throws; kInvalidArgument when its input is not [1, 1, hidden] or it gives
  /// more logits than the `vocabulary` has embeddings, or a normed row of another size; kUnsupported when it
  /// gives no logits. `queue` must outlive it.
  Head(axcl::Card& card, CardQueue& queue, const std::filesystem::path& file, std::size_t hidden,
       std::size_t vocabulary);

  /// Where the hidden row of the token goes: [hidden] bf16.
  axcl::DeviceSpan input() const noexcept { return input_.span(); }
  std::size_t logit_count() const noexcept { return logit_count_; }
  std::uint64_t card_bytes() const noexcept { return card_bytes_; }

  /// Where results go on the host: each sequence has one of its own, so that those of one can be read while
  /// the next is computed.
  struct Output {
    axcl::HostBuffer logits;
  };
  Output make_output();

  /// Two remote calls: execute, and the copy of the logits into `output`.
  void run(Output& output);
  /// What run() left there, once the queue has been waited for: [V] bf16.
  std::span<const base::Bf16> logits(const Output& output) const noexcept;

  /// Whether the head also gives what its norm makes of the row (compiled with --ret_postnorm).
  bool gives_norm() const noexcept { return norm_output_.has_value(); }
  /// Waits, and gives that row: [hidden] bf16, valid until the next such call. Needs gives_norm().
  std::span<const base::Bf16> run_norm();

 private:
  void check_output(std::size_t index, const std::string& what) const;

  axcl::Card& card_;
  CardQueue& queue_;
  axcl::Model model_;
  axcl::DeviceBuffer input_;
  std::vector<axcl::DeviceBuffer> outputs_;
  axcl::HostBuffer norm_;
  axcl::IoBinding binding_;
  std::size_t logits_output_ = 0;
  std::optional<std::size_t> norm_output_;
  std::size_t logit_count_ = 0;
  std::uint64_t card_bytes_ = 0;
};

}  // namespace axllama::inference
