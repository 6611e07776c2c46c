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
#include "inference/logits.h"

namespace axllama::inference {

/// The output head on a card: final norm and projection of one hidden row to logits. It gives all of them
/// (`output`), or the K largest (`indices` int32 and `logits` bf16, compiled with --post_topk), or both, of
/// which only what is wanted crosses the bus. Owner thread only.
class Head {
 public:
  /// Throws Error: what axcl::Model throws; kInvalidArgument when its input is not [1, 1, hidden] or it gives
  /// more logits than the `vocabulary` has embeddings, or a normed row of another size; kUnsupported when it
  /// gives no logits, or other numbers in their place. `queue` must outlive it.
  Head(axcl::Card& card, CardQueue& queue, const std::filesystem::path& file, std::size_t hidden,
       std::size_t vocabulary);

  /// Where the hidden row of the token goes: [hidden] bf16.
  axcl::DeviceSpan input() const noexcept { return input_.span(); }
  std::size_t logit_count() const noexcept { return logit_count_; }
  std::uint64_t card_bytes() const noexcept { return card_bytes_; }
  bool gives_all() const noexcept { return all_output_.has_value(); }
  /// Of the largest logits; 0: it gives all only.
  std::size_t top_count() const noexcept { return top_count_; }

  /// Where results go on the host: each sequence has one of its own, so that those of one can be read while
  /// the next is computed.
  struct Output {
    axcl::HostBuffer bytes;
    std::optional<std::size_t> top;  // how many of the largest were fetched; unset: all
    std::vector<Candidate> largest;  // read from `bytes`
  };
  Output make_output();

  /// Two remote calls: execute, and the copy of what is wanted into `output`.
  void run(Output& output, LogitsWanted wanted);
  /// What run() left there, once the queue has been waited for. Throws Error (kDevice) when the largest
  /// logits are of tokens that there are not.
  Logits logits(Output& output) const;

  /// After run() for all logits: whether the largest say the same; else they are not used any more. For heads
  /// that give both.
  bool check_top(Output& output);

  /// Whether the head also gives what its norm makes of the row (compiled with --ret_postnorm).
  bool gives_norm() const noexcept { return norm_output_.has_value(); }
  /// Waits, and gives that row: [hidden] bf16, valid until the next such call. Needs gives_norm().
  std::span<const base::Bf16> run_norm();

 private:
  void check_type(std::size_t output, axcl::DataType expected, const std::string& what) const;
  void find_outputs(std::size_t vocabulary);
  void find_norm(std::size_t input_bytes);
  void bind_outputs();
  void fetch(Output& output, std::optional<std::size_t> top);

  axcl::Card& card_;
  CardQueue& queue_;
  axcl::Model model_;
  axcl::DeviceBuffer input_;
  axcl::DeviceBuffer all_;                  // all logits
  axcl::DeviceBuffer top_;                  // indices, and behind them logits: one copy fetches both
  axcl::DeviceBuffer normed_;               // what the norm makes of the row
  std::vector<axcl::DeviceBuffer> others_;  // outputs that nobody reads
  axcl::HostBuffer norm_;
  axcl::IoBinding binding_;
  std::optional<std::size_t> all_output_;
  std::optional<std::size_t> norm_output_;
  std::size_t top_count_ = 0;
  std::size_t logit_count_ = 0;  // of all; of a head without them, how many tokens there are
  std::uint64_t card_bytes_ = 0;
};

}  // namespace axllama::inference
